// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference: an interpreter of the dialect `visir` that computes wider
// than any target (f64 for f32 and f64; f16 and bf16 round after each op;
// integers are exact in their own width) and follows the words of each op's
// description. It is the oracle of all targets and shares no code with
// folders or lowerings.
//
// A function that jumps (floor, comparisons, casts to integers, argmax ...)
// reads its operands as their tensor's type holds them: the precision that
// f32 tensors carry between ops must not move a jump.
#ifndef VISIR_TARGETS_REFERENCE_INTERPRETER_H
#define VISIR_TARGETS_REFERENCE_INTERPRETER_H

#include "targets/reference/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir::reference {

/// Told each result of each op that is not a constant, in order; a failure
/// ends the evaluation.
using ResultCallback =
    llvm::function_ref<mlir::LogicalResult(mlir::OpResult, const Tensor &)>;

/// The results of `function` for `arguments` (one for each argument and of
/// its type; all shapes static). A tensor is dropped after its last use.
/// Errors are reported at the op that cannot be evaluated: an index out of
/// range, an integer division by zero, an opaque op.
mlir::FailureOr<llvm::SmallVector<Tensor>>
evaluate(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments,
         ResultCallback callback = {});

/// The results of one op other than a terminator.
mlir::FailureOr<llvm::SmallVector<Tensor>>
evaluateOp(mlir::Operation *op, llvm::ArrayRef<Tensor> operands);

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_INTERPRETER_H
