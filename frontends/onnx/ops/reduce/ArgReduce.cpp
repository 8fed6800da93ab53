// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ArgMax and ArgMin.
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importArg(Node &node, ReduceKind kind) {
  bool keepdims = node.intAttr("keepdims", 1) != 0;
  bool last = node.intAttr("select_last_index", 0) != 0;
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", 0), node.rank(0));
  if (failed(axis))
    return failure();
  return node.setOutput(0, node.create<ArgReduceOp>(kind, node.input(0),
                                                    *axis, keepdims, last));
}

static LogicalResult importArgMax(Node &node) {
  return importArg(node, ReduceKind::Max);
}

static LogicalResult importArgMin(Node &node) {
  return importArg(node, ReduceKind::Min);
}

VISIR_ONNX_OP(ArgMax, 1, 1, importArgMax)
VISIR_ONNX_OP(ArgMin, 1, 1, importArgMin)
