// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importTopK(Node &node) {
  // Sorted results are right where any order is allowed.
  node.ignoreAttr("sorted");
  bool largest = node.intAttr("largest", 1) != 0;
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", -1), node.rank(0));
  if (failed(axis))
    return failure();
  FailureOr<int64_t> k = node.intAttr("k", 0);
  if (node.opset() >= 10)
    k = node.requireInt(1, "k");
  if (failed(k))
    return failure();
  int64_t extent = node.shape(0)[*axis];
  if (*k < 0 || *k > extent)
    return node.refuse("k", Twine(*k), "0 .. " + Twine(extent));
  Operation *op =
      node.createOp<TopKOp>(node.input(0), *axis, *k, !largest);
  if (!op || failed(node.setOutput(0, op->getResult(0))))
    return failure();
  return node.setOutput(1, op->getResult(1));
}

VISIR_ONNX_OP(TopK, 1, 1, importTopK)
