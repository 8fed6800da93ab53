// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Graph ops over bounded dimensions (see Symbols.h).
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_BOUNDEDOPS_H
#define VISIR_FRONTENDS_ONNX_IMPORT_BOUNDEDOPS_H

#include "frontends/onnx/import/Node.h"
#include "frontends/onnx/import/Symbols.h"

namespace visir::onnx {

Symbols &symbolsOf(Node &node);

/// Finds the sizes of the result of a fresh op that has bounded operands, and
/// masks operands where dead elements would mix into live ones. Returns the
/// op whose first result is the answer, `op` or another; null when the node
/// is refused.
mlir::Operation *boundOp(Node &node, mlir::Operation *op);

/// Whether the import of an ONNX operator may see bounded inputs: it makes
/// all of its ops by `Node::create`, and takes no extent for a value.
bool takesBounded(StringRef opType);

/// The sizes of a reshaped tensor of largest sizes `extents`; nothing when a
/// bounded dimension would not stay apart.
std::optional<SmallVector<mlir::AffineExpr>>
reshapedDims(const Symbols &symbols, Value input, ArrayRef<int64_t> extents);

/// i1, [extent, 1, ...] of `rank` dimensions: whether an index is less than a
/// size. For use below a `Symbols::Raw`.
Value isLive(Node &node, mlir::AffineExpr size, int64_t extent, int64_t rank);

/// `input` with `fill` in the dead elements along an axis.
Value masked(Node &node, Value input, int64_t axis, double fill);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_BOUNDEDOPS_H
