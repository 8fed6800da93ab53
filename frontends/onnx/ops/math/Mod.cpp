// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importMod(Node &node) {
  bool fmod = node.intAttr("fmod", 0) != 0;
  if (!fmod && isFloat(node.elementType(0)))
    return node.refuse("fmod", "0", "1 for floats");
  BinaryKind kind = fmod ? BinaryKind::Fmod : BinaryKind::Mod;
  return node.setOutput(0,
                        binary(node, kind, node.input(0), node.input(1)));
}

VISIR_ONNX_OP(Mod, 10, 2, importMod)
