// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importWhere(Node &node) {
  return node.setOutput(
      0, select(node, node.input(0), node.input(1), node.input(2)));
}

VISIR_ONNX_OP(Where, 9, 3, importWhere)
