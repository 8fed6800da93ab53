// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importPRelu(Node &node) {
  Value result =
      binary(node, BinaryKind::Prelu, node.input(0), node.input(1));
  if (result && shapeOf(result) != node.shape(0))
    return node.refuse("shape of slope", shapeName(node.shape(1)),
                       "one that broadcasts to " + shapeName(node.shape(0)));
  return node.setOutput(0, result);
}

VISIR_ONNX_OP(PRelu, 7, 2, importPRelu)
