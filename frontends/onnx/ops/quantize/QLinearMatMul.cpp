// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Quantise.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// A parameter per row (operand a) or column (operand b) of a matrix.
static Value along(Node &node, Value parameter, bool isRow) {
  if (!parameter || shapeOf(parameter).size() != 1)
    return parameter;
  int64_t count = shapeOf(parameter)[0];
  if (count == 1)
    return reshape(node, parameter, {});
  return isRow ? reshape(node, parameter, {count, 1}) : parameter;
}

static LogicalResult importQLinearMatMul(Node &node) {
  if (node.rank(0) < 2 || node.rank(3) < 2)
    return node.refuse("rank of an operand",
                       Twine(std::min(node.rank(0), node.rank(3))),
                       "at least 2");
  Type element = node.elementType(7);
  if (failed(checkQuantised(node, element)))
    return failure();
  Value a = centred(node, node.input(0), along(node, node.input(2), true));
  Value b = centred(node, node.input(3), along(node, node.input(5), false));
  Value product = cast(node, node.create<MatMulOp>(a, b), f32(node));
  auto scale = [&](unsigned i, bool isRow) {
    return cast(node, along(node, node.input(i), isRow), f32(node));
  };
  Value factor = binary(node, BinaryKind::Mul, scale(1, true),
                        scale(4, false));
  factor = binary(node, BinaryKind::Div, factor, scale(6, true));
  Value y = binary(node, BinaryKind::Mul, product, factor);
  y = binary(node, BinaryKind::Add, y,
             cast(node, along(node, node.input(7), true), f32(node)));
  return node.setOutput(
      0, saturated(node, unary(node, UnaryKind::Round, y), element));
}

VISIR_ONNX_OP(QLinearMatMul, 10, 8, importQLinearMatMul)
