// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importGelu(Node &node) {
  std::string approximate = node.stringAttr("approximate", "none");
  if (approximate != "none" && approximate != "tanh")
    return node.refuse("approximate", "'" + approximate + "'",
                       "none or tanh");
  UnaryKind kind =
      approximate == "tanh" ? UnaryKind::GeluTanh : UnaryKind::Gelu;
  return node.setOutput(0, unary(node, kind, node.input(0)));
}

VISIR_ONNX_OP(Gelu, 20, 1, importGelu)
