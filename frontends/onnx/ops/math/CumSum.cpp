// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importCumSum(Node &node) {
  bool exclusive = node.intAttr("exclusive", 0) != 0;
  bool reverse = node.intAttr("reverse", 0) != 0;
  FailureOr<int64_t> axis = node.requireInt(1, "axis");
  if (failed(axis))
    return failure();
  axis = normaliseAxis(node, *axis, node.rank(0));
  if (failed(axis))
    return failure();
  return node.setOutput(
      0, node.create<CumSumOp>(node.input(0), *axis, exclusive, reverse));
}

VISIR_ONNX_OP(CumSum, 11, 2, importCumSum)
