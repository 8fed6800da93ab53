// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Normalised positions of `extent` elements.
static SmallVector<double> normalised(int64_t extent, bool alignCorners) {
  SmallVector<double> values;
  for (int64_t i = 0; i < extent; ++i) {
    if (!alignCorners)
      values.push_back((2.0 * i + 1) / extent - 1);
    else
      values.push_back(extent > 1 ? 2.0 * i / (extent - 1) - 1 : -1);
  }
  return values;
}

/// theta (N x d x d + 1) applied to the grid of positions (x, y[, z], 1).
static LogicalResult importAffineGrid(Node &node) {
  bool alignCorners = node.intAttr("align_corners", 0);
  FailureOr<SmallVector<int64_t>> size = node.requireInts(1, "size");
  if (failed(size))
    return failure();
  int64_t spatial = int64_t(size->size()) - 2;
  if (spatial != 2 && spatial != 3)
    return node.refuse("number of sizes", Twine(size->size()), "4 or 5");
  Shape theta{(*size)[0], spatial, spatial + 1};
  if (node.shape(0) != ArrayRef<int64_t>(theta))
    return node.refuse("shape of theta", shapeName(node.shape(0)),
                       shapeName(theta));
  Shape extents(ArrayRef(*size).drop_front(2));
  for (int64_t extent : extents)
    if (failed(checkConstantSize(node, extent)))
      return failure();
  Type element = node.elementType(0);
  SmallVector<Value> columns;
  Shape column(extents);
  column.push_back(1);
  for (int64_t i = spatial - 1; i >= 0; --i) {
    Shape shape(spatial + 1, 1);
    shape[i] = extents[i];
    Value line = doublesConstant(node, RankedTensorType::get(shape, element),
                                 normalised(extents[i], alignCorners));
    columns.push_back(expand(node, line, column));
  }
  columns.push_back(filled(node, column, element, 1));
  int64_t points = ShapedType::getNumElements(extents);
  Value grid = reshape(node, concat(node, columns, spatial),
                       {points, spatial + 1});
  Value result =
      node.create<MatMulOp>(grid, transpose(node, node.input(0), {0, 2, 1}));
  Shape out{theta[0]};
  out.append(extents);
  out.push_back(spatial);
  return node.setOutput(0, reshape(node, result, out));
}

VISIR_ONNX_OP(AffineGrid, 20, 2, importAffineGrid)
