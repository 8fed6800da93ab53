// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the processor can do, in the words of targets and LLVM's features.
#ifndef VISIR_TARGETS_CPU_DRIVER_CPU_FEATURES_H
#define VISIR_TARGETS_CPU_DRIVER_CPU_FEATURES_H

#include <stddef.h>
#include <stdint.h>

namespace visir::runtime {

// The level of a target's name: 1..4 for "x86-64" .. "x86-64-v4", 1 for
// "aarch64" with any core and extensions behind it; 0 when it is no target of
// the architecture built for.
uint32_t cpuTargetLevel(const char *target);

// The highest level that this processor and operating system support.
uint32_t cpuHostLevel();

// Whether the processor has a feature, named as LLVM does ("avx512vnni",
// "dotprod"); unknown names are not had.
bool cpuHasFeature(const char *name, size_t length);

} // namespace visir::runtime

#endif // VISIR_TARGETS_CPU_DRIVER_CPU_FEATURES_H
