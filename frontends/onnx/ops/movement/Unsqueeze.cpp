// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importUnsqueeze(Node &node) {
  FailureOr<Shape> given = axesOperand(node, 1, /*inputSince=*/13);
  if (failed(given))
    return failure();
  if (given->empty() && !node.hasAttr("axes") && !node.hasInput(1))
    return node.refuse("the axes are missing");
  FailureOr<Shape> axes =
      normaliseAxes(node, *given, node.rank(0) + given->size());
  if (failed(axes))
    return failure();
  return node.setOutput(0, unsqueeze(node, node.input(0), *axes));
}

VISIR_ONNX_OP(Unsqueeze, 1, 1, importUnsqueeze)
