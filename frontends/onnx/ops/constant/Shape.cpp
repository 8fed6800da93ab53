// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape and Size, which are constants where shapes are static.
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/SymbolicShapes.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importShape(Node &node) {
  int64_t rank = node.rank(0);
  int64_t start = node.intAttr("start", 0), end = node.intAttr("end", rank);
  auto clamp = [&](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank);
  };
  start = clamp(start);
  end = std::max(clamp(end), start);
  if (isBoundedNode(node, {}))
    return boundedShape(node, start, end);
  return node.setOutput(
      0, intsConstant(node, node.shape(0).slice(start, end - start)));
}

static LogicalResult importSize(Node &node) {
  int64_t count = node.type(0).getNumElements();
  return node.setOutput(
      0, reshape(node, intsConstant(node, {count}), ArrayRef<int64_t>()));
}

VISIR_ONNX_OP(Shape, 1, 1, importShape)
VISIR_ONNX_OP(Size, 1, 1, importSize)
