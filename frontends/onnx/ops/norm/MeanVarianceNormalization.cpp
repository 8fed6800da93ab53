// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// (x - mean) / (sqrt(mean of squares - square of mean) + 1e-9)
static LogicalResult importMeanVarianceNormalization(Node &node) {
  FailureOr<Shape> axes = normaliseAxes(
      node, node.intsAttr("axes", {0, 2, 3}), node.rank(0));
  if (failed(axes))
    return failure();
  Value x = node.input(0);
  Value mean = reduce(node, ReduceKind::Mean, x, *axes, true);
  Value square = reduce(node, ReduceKind::Mean,
                        binary(node, BinaryKind::Mul, x, x), *axes, true);
  Value variance = binary(node, BinaryKind::Sub, square,
                          binary(node, BinaryKind::Mul, mean, mean));
  Value deviation = unary(node, UnaryKind::Sqrt, variance);
  deviation = binary(node, BinaryKind::Add, deviation,
                     scalarLike(node, deviation, 1e-9));
  return node.setOutput(
      0, binary(node, BinaryKind::Div, binary(node, BinaryKind::Sub, x, mean),
                deviation));
}

VISIR_ONNX_OP(MeanVarianceNormalization, 9, 1, importMeanVarianceNormalization)
