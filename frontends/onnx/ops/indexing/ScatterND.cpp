// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Scatter.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importScatterND(Node &node) {
  FailureOr<ScatterKind> kind = scatterKind(node);
  if (failed(kind))
    return failure();
  return node.setOutput(
      0, node.create<ScatterNDOp>(node.input(0), node.input(1),
                                  node.input(2), *kind));
}

VISIR_ONNX_OP(ScatterND, 11, 3, importScatterND)
