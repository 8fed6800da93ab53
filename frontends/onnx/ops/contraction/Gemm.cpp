// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static Value scaled(Node &node, Value value, double factor) {
  if (factor == 1)
    return value;
  return binary(node, BinaryKind::Mul, value, scalarLike(node, value, factor));
}

/// alpha * A' B' + beta * C
static LogicalResult importGemm(Node &node) {
  double alpha = node.floatAttr("alpha", 1.0);
  double beta = node.floatAttr("beta", 1.0);
  bool transA = node.intAttr("transA", 0), transB = node.intAttr("transB", 0);
  for (unsigned i : {0, 1})
    if (node.rank(i) != 2)
      return node.refuse("rank of an operand", Twine(node.rank(i)), "2");
  if (isInteger(node.elementType(0)) &&
      (alpha != std::floor(alpha) || beta != std::floor(beta)))
    return node.refuse("alpha or beta of integers is not a whole number");
  Value lhs = node.input(0), rhs = node.input(1);
  if (transA)
    lhs = transpose(node, lhs, {1, 0});
  if (transB)
    rhs = transpose(node, rhs, {1, 0});
  Value result = scaled(node, node.create<MatMulOp>(lhs, rhs), alpha);
  if (!result)
    return failure();
  if (beta == 0)
    node.ignoreInput(2);
  else if (node.hasInput(2)) {
    Shape expected(shapeOf(result));
    result = binary(node, BinaryKind::Add, result,
                    scaled(node, node.input(2), beta));
    if (result && shapeOf(result) != ArrayRef<int64_t>(expected))
      return node.refuse("shape of C", shapeName(node.shape(2)),
                         "one that broadcasts to " + shapeName(expected));
  }
  return node.setOutput(0, result);
}

// Before opset 7 the broadcast of C is asked for by an attribute.
VISIR_ONNX_OP(Gemm, 7, 2, importGemm)
