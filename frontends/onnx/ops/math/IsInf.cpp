// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importIsInf(Node &node) {
  double negative = node.intAttr("detect_negative", 1);
  double positive = node.intAttr("detect_positive", 1);
  return node.setOutput(0, unary(node, UnaryKind::IsInf, node.input(0),
                                 {negative, positive}));
}

VISIR_ONNX_OP(IsInf, 10, 1, importIsInf)
