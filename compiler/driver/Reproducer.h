// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_DRIVER_REPRODUCER_H
#define VISIR_COMPILER_DRIVER_REPRODUCER_H

#include "compiler/driver/Compile.h"

namespace visir {

/// Writes the IR as it was before `phase` failed to a new file among the
/// temporary ones, and notes how to run the phase on it again.
void writeReproducer(mlir::ModuleOp before, Phase phase,
                     const CompileOptions &options);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_REPRODUCER_H
