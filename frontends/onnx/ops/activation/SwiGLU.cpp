// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// swish(a) * b
static LogicalResult importSwiGLU(Node &node) {
  double alpha = node.floatAttr("alpha", 1.0);
  Value a = node.input(0), gate;
  if (alpha == 1) {
    gate = unary(node, UnaryKind::Silu, a);
  } else {
    Value scaled = binary(node, BinaryKind::Mul, a, scalarLike(node, a, alpha));
    gate = binary(node, BinaryKind::Mul, a,
                  unary(node, UnaryKind::Sigmoid, scaled));
  }
  if (node.shape(0) != node.shape(1))
    return node.refuse("shape of B", shapeName(node.shape(1)),
                       shapeName(node.shape(0)));
  return node.setOutput(0, binary(node, BinaryKind::Mul, gate, node.input(1)));
}

VISIR_ONNX_OP(SwiGLU, 28, 2, importSwiGLU)
