// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importBitShift(Node &node) {
  std::string direction = node.stringAttr("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return node.refuse("direction", "'" + direction + "'", "LEFT or RIGHT");
  BinaryKind kind = direction == "LEFT" ? BinaryKind::ShiftLeft
                                        : BinaryKind::ShiftRight;
  return node.setOutput(0,
                        binary(node, kind, node.input(0), node.input(1)));
}

VISIR_ONNX_OP(BitShift, 11, 2, importBitShift)
