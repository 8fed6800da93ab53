// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All dialects and passes of the compiler, for tools that take IR text.
#ifndef VISIR_COMPILER_PIPELINE_REGISTER_H
#define VISIR_COMPILER_PIPELINE_REGISTER_H

#include "mlir/IR/DialectRegistry.h"

namespace visir {

void registerDialects(mlir::DialectRegistry &registry);

/// Registers the passes by their flags.
void registerPasses();

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_REGISTER_H
