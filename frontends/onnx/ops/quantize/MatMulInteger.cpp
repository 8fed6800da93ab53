// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Quantise.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// A zero point per row of `operand` (or one for all).
static Value perRow(Node &node, Value zero, Value operand) {
  if (!zero || shapeOf(zero).size() != 1)
    return zero;
  Shape shape(shapeOf(zero));
  if (shape[0] == 1)
    return reshape(node, zero, {});
  if (shapeOf(operand).size() > 1)
    shape.push_back(1);
  return reshape(node, zero, shape);
}

static LogicalResult importMatMulInteger(Node &node) {
  if (node.rank(0) < 2 || node.rank(1) < 2)
    return node.refuse("rank of an operand",
                       Twine(std::min(node.rank(0), node.rank(1))),
                       "at least 2");
  Value lhs = centred(node, node.input(0),
                      perRow(node, node.input(2), node.input(0)));
  Value rhs = centred(node, node.input(1), node.input(3));
  return node.setOutput(0, node.create<MatMulOp>(lhs, rhs));
}

VISIR_ONNX_OP(MatMulInteger, 10, 2, importMatMulInteger)
