// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importGather(Node &node) {
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", 0), node.rank(0));
  if (failed(axis))
    return failure();
  return node.setOutput(
      0, node.create<GatherOp>(node.input(0), node.input(1), *axis));
}

VISIR_ONNX_OP(Gather, 1, 2, importGather)
