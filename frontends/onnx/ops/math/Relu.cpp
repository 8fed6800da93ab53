// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importRelu(Node &node) {
  return node.setOutput(0, unary(node, UnaryKind::Relu, node.input(0)));
}

VISIR_ONNX_OP(Relu, 6, 1, importRelu)
