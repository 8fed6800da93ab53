// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importMod(Node &node) {
  BinaryKind kind =
      node.intAttr("fmod", 0) ? BinaryKind::Fmod : BinaryKind::Mod;
  return node.setOutput(0,
                        binary(node, kind, node.input(0), node.input(1)));
}

VISIR_ONNX_OP(Mod, 10, 2, importMod)
