// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

/// Bounds were attributes before opset 11.
static Value bound(Node &node, unsigned i, llvm::StringRef name) {
  if (node.opset() >= 11)
    return node.input(i);
  bool given = node.hasAttr(name);
  double value = node.floatAttr(name, 0);
  return given ? scalarLike(node, node.input(0), value) : Value();
}

static LogicalResult importClip(Node &node) {
  Value result = node.input(0);
  if (Value low = bound(node, 1, "min"))
    result = binary(node, BinaryKind::Max, result, low);
  if (Value high = bound(node, 2, "max"))
    result = binary(node, BinaryKind::Min, result, high);
  return node.setOutput(0, result);
}

VISIR_ONNX_OP(Clip, 6, 1, importClip)
