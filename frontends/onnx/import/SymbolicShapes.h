// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operators whose result sizes are operands, where these are computed
// from bounded dimensions. Each sets output 0.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_SYMBOLICSHAPES_H
#define VISIR_FRONTENDS_ONNX_IMPORT_SYMBOLICSHAPES_H

#include "frontends/onnx/import/SymbolicInts.h"

namespace visir::onnx {

/// Whether the input at 0 or an operand at `operands` has to do with bounded
/// dimensions.
bool isBoundedNode(Node &node, ArrayRef<unsigned> operands);

/// Shape, of the dimensions [start, end).
LogicalResult boundedShape(Node &node, int64_t start, int64_t end);
LogicalResult boundedReshape(Node &node, bool allowZero);
LogicalResult boundedExpand(Node &node);
/// `one` (rank 0) in all places.
LogicalResult boundedConstantOfShape(Node &node, Value one);
LogicalResult boundedRange(Node &node);
/// Slice from opset 10 on.
LogicalResult boundedSlice(Node &node);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_SYMBOLICSHAPES_H
