// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Specs of 64-bit ARM.
#ifndef VISIR_TARGETS_CPU_SPECS_AARCH64_H
#define VISIR_TARGETS_CPU_SPECS_AARCH64_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// The spec of aarch64[:CORE][+EXTENSION]..., or null.
const CpuSpec *findAArch64Spec(llvm::StringRef name);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_SPECS_AARCH64_H
