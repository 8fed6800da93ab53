// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products whose sums are long and whose results are small, in two dispatches:
// parts of the sums by more groups, then what they add up to. The order of
// summation is fixed.
#ifndef VISIR_TARGETS_COMMON_SPLITDEPTH_H
#define VISIR_TARGETS_COMMON_SPLITDEPTH_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/PatternMatch.h"

namespace visir {

/// The most parts, a power of two and at most `wanted`, that the sum of a
/// `contract` dispatch can be cut into; 1 where it cannot.
int64_t depthParts(DispatchOp op, int64_t wanted);

/// Gives the product in front of a new reduction over `parts` parts (2 or
/// more, as depthParts says), which has the epilogue; the product is returned.
DispatchOp splitDepth(mlir::RewriterBase &rewriter, DispatchOp op,
                      int64_t parts);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_SPLITDEPTH_H
