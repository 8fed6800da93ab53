// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of drivers, from the list that CMake writes.
#include "runtime/device/driver.h"

namespace visir::runtime {

#define VISIR_DRIVER(name) extern const Driver name;
#include "visir_drivers.inc"
#undef VISIR_DRIVER

const Driver *const *builtInDrivers(uint32_t *count) {
#define VISIR_DRIVER(name) &name,
  static const Driver *const drivers[] = {
#include "visir_drivers.inc"
      nullptr};
#undef VISIR_DRIVER
  *count = sizeof(drivers) / sizeof(drivers[0]) - 1;
  return drivers;
}

} // namespace visir::runtime
