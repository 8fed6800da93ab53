// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TEST_FUZZ_TOUCH_CONTEXT_H
#define VISIR_TEST_FUZZ_TOUCH_CONTEXT_H

#include "runtime/exec/module.h"
#include "test/runtime/support/touch_driver.h"

#include <cstdlib>

namespace visir::testing {

// Of one thread and 4 MiB, with the driver that touches what a kernel may.
inline runtime::Context *makeTouchContext() {
  static const runtime::Driver *drivers[] = {&touchDriver};
  runtime::ContextOptions options;
  options.threadCount = 1;
  options.memoryLimit = 1 << 22;
  options.drivers = drivers;
  options.driverCount = 1;
  runtime::Context *context = nullptr;
  if (!runtime::Context::make(options, &context).ok())
    abort();
  return context;
}

} // namespace visir::testing

#endif // VISIR_TEST_FUZZ_TOUCH_CONTEXT_H
