// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A driver that runs no machine code: a call reads every byte that the
// function's signature lets it read and writes every byte that it may write.
// Under the address sanitizer it proves that what the verifier let pass stays
// inside memory.
#ifndef VISIR_TEST_RUNTIME_SUPPORT_TOUCH_DRIVER_H
#define VISIR_TEST_RUNTIME_SUPPORT_TOUCH_DRIVER_H

#include "runtime/device/driver.h"

namespace visir::testing {

extern const runtime::Driver touchDriver;

} // namespace visir::testing

#endif // VISIR_TEST_RUNTIME_SUPPORT_TOUCH_DRIVER_H
