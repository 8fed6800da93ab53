// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parts of dispatches as dispatches of their own again, for targets that have
// no kernel for them or would compute them more than once. Splitting is always
// possible; dispatches must not have a config yet.
#ifndef VISIR_TARGETS_COMMON_SPLITFORMS_H
#define VISIR_TARGETS_COMMON_SPLITFORMS_H

#include "dialects/visir/Visir.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"

namespace visir {

/// The operand of a product that its prologue computes: one with a normalised
/// load, or with more than a load and its conversion; the normalised one comes
/// first. Nothing where both operands are loads.
std::optional<unsigned> computedOperand(DispatchOp op);

/// Whether a load of the dispatch is normalised.
bool hasNorm(DispatchOp op);

/// Whether a store of the dispatch is a sum.
bool hasSums(DispatchOp op);

/// Gives the product an operand that is a load of what a new norm or map
/// dispatch in front of it makes; returns the new product.
DispatchOp splitOperand(mlir::RewriterBase &rewriter, DispatchOp op,
                        unsigned operand);

/// Gives the sums among the stores to new reductions behind the dispatch;
/// returns the new dispatch.
DispatchOp splitSums(mlir::RewriterBase &rewriter, DispatchOp op);

/// Splits every norm and every sum of a function. Computed operands without a
/// norm stay.
void splitForms(mlir::func::FuncOp func);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_SPLITFORMS_H
