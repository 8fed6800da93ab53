// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Compares each index, counted from the end when negative, with the
/// positions of a new axis; an index out of range gives `off` only.
static LogicalResult importOneHot(Node &node) {
  FailureOr<SmallVector<double>> given = node.requireDoubles(1, "depth");
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", -1), node.rank(0) + 1);
  if (failed(given) || failed(axis))
    return failure();
  if (given->size() != 1 || !(given->front() >= 1 && given->front() < 1e12))
    return node.refuse("depth is not one number of at least 1");
  int64_t depth = int64_t(given->front());
  if (node.shape(2) != ArrayRef<int64_t>{2})
    return node.refuse("shape of values", shapeName(node.shape(2)), "[2]");
  Value index = cast(node, node.input(0), si64(node));
  Value isNegative =
      compare(node, CompareKind::Less, index, scalarLike(node, index, 0));
  Value wrapped = binary(node, BinaryKind::Add, index,
                         scalarLike(node, index, depth));
  index = unsqueeze(node, select(node, isNegative, wrapped, index), {*axis});
  Shape positions(node.rank(0) + 1, 1);
  positions[*axis] = depth;
  Value position =
      reshape(node, countingConstant(node, 0, depth), positions);
  Value isHot = compare(node, CompareKind::Equal, index, position);
  Value off = reshape(node, sliceAxis(node, node.input(2), 0, 0, 1), {});
  Value on = reshape(node, sliceAxis(node, node.input(2), 0, 1, 1), {});
  return node.setOutput(0, select(node, isHot, on, off));
}

VISIR_ONNX_OP(OneHot, 9, 3, importOneHot)
