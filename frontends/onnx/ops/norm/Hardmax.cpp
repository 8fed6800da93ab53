// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// 1 at the first largest element along the axis, 0 elsewhere. Before opset
/// 13 "the axis" is all dimensions from it on.
static LogicalResult importHardmax(Node &node) {
  bool coerces = node.opset() < 13;
  Shape shape(node.shape(0));
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", coerces ? 1 : -1),
                    std::max<int64_t>(node.rank(0), 1));
  if (failed(axis))
    return failure();
  Value x = node.input(0);
  if (coerces || shape.empty()) {
    x = flatten(node, x, *axis);
    *axis = 1;
  }
  Value index = node.create<ArgReduceOp>(ReduceKind::Max, x, *axis, true,
                                         false);
  if (!index)
    return failure();
  Shape positions(shapeOf(x).size(), 1);
  positions[*axis] = shapeOf(x)[*axis];
  Value position = reshape(
      node, countingConstant(node, 0, positions[*axis]), positions);
  Value isMax = compare(node, CompareKind::Equal, index, position);
  Value result = cast(node, isMax, node.elementType(0));
  return node.setOutput(0, reshape(node, result, shape));
}

VISIR_ONNX_OP(Hardmax, 1, 1, importHardmax)
