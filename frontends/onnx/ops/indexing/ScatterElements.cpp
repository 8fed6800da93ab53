// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Scatter.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importScatterElements(Node &node) {
  FailureOr<ScatterKind> kind = scatterKind(node);
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", 0), node.rank(0));
  if (failed(kind) || failed(axis))
    return failure();
  return node.setOutput(0, node.create<ScatterElementsOp>(
                               node.input(0), node.input(1), node.input(2),
                               *axis, *kind));
}

VISIR_ONNX_OP(ScatterElements, 11, 3, importScatterElements)
// The name of ScatterElements up to opset 10.
VISIR_ONNX_OP(Scatter, 9, 3, importScatterElements)
