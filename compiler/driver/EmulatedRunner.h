// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_DRIVER_EMULATEDRUNNER_H
#define VISIR_COMPILER_DRIVER_EMULATEDRUNNER_H

#include "compiler/driver/Evaluate.h"

namespace visir {

/// Runs the kernels for CUDA on the host's emulator. `name` is "emulated:" and
/// an architecture, as in "emulated:sm_90"; null for another one and in builds
/// without CUDA.
TargetRunner makeEmulatedRunner(llvm::StringRef name, Precision precision);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_EMULATEDRUNNER_H
