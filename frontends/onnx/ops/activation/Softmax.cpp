// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax and LogSoftmax.
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Before opset 13 the dimensions from `axis` on formed one row.
static Value softmaxOfRows(Node &node, int64_t axis, bool log) {
  Value rows = flatten(node, node.input(0), axis);
  if (!rows)
    return {};
  Value result = node.create<SoftmaxOp>(rows, /*axis=*/1, log);
  return reshape(node, result, node.shape(0));
}

static LogicalResult importSoftmaxLike(Node &node, bool log) {
  bool ofRows = node.opset() < 13;
  FailureOr<int64_t> axis = normaliseAxis(
      node, node.intAttr("axis", ofRows ? 1 : -1), node.rank(0));
  if (failed(axis))
    return failure();
  if (ofRows && *axis != node.rank(0) - 1)
    return node.setOutput(0, softmaxOfRows(node, *axis, log));
  return node.setOutput(0,
                        node.create<SoftmaxOp>(node.input(0), *axis, log));
}

static LogicalResult importSoftmax(Node &node) {
  return importSoftmaxLike(node, /*log=*/false);
}

static LogicalResult importLogSoftmax(Node &node) {
  return importSoftmaxLike(node, /*log=*/true);
}

VISIR_ONNX_OP(LogSoftmax, 1, 1, importLogSoftmax)
VISIR_ONNX_OP(Softmax, 1, 1, importSoftmax)
