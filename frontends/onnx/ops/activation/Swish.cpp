// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importSwish(Node &node) {
  Value x = node.input(0);
  double alpha = node.floatAttr("alpha", 1);
  if (alpha == 1)
    return node.setOutput(0, unary(node, UnaryKind::Silu, x));
  Value scaled =
      binary(node, BinaryKind::Mul, x, scalarLike(node, x, alpha));
  return node.setOutput(
      0, binary(node, BinaryKind::Mul, x,
                unary(node, UnaryKind::Sigmoid, scaled)));
}

VISIR_ONNX_OP(Swish, 24, 1, importSwish)
