// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importConcat(Node &node) {
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", 1), node.rank(0));
  if (failed(axis))
    return failure();
  return node.setOutput(0, concat(node, node.inputs(), *axis));
}

VISIR_ONNX_OP(Concat, 4, 1, importConcat)
