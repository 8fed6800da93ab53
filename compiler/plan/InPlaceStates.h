// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_PLAN_INPLACESTATES_H
#define VISIR_COMPILER_PLAN_INPLACESTATES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir {

/// Where an entry point copies a state, writes some elements of the copy, and
/// returns that as the state again: takes the copy away, so that a cache to
/// which a step is appended is neither read nor written as a whole. What reads
/// the old state must come before the first write.
void updateStatesInPlace(mlir::func::FuncOp func);

} // namespace visir

#endif // VISIR_COMPILER_PLAN_INPLACESTATES_H
