// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Quantise.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Inputs: x, its scale and zero point; w likewise; those of y; bias (si32).
static LogicalResult importQLinearConv(Node &node) {
  ArrayRef<int64_t> in = node.shape(0), weight = node.shape(3);
  if (in.size() < 3 || weight.size() != in.size())
    return node.refuse("shapes of input and weight",
                       shapeName(in) + " and " + shapeName(weight),
                       "equal ranks of at least 3");
  Type element = node.elementType(7);
  FailureOr<Window> w = window(node, in.drop_front(2), weight.drop_front(2));
  int64_t groups = node.intAttr("group", 1);
  if (failed(w) || failed(checkQuantised(node, element)))
    return failure();
  Value x = centred(node, node.input(0), spread(node, node.input(2), in, 1, 0));
  Value kernel = centred(node, node.input(3),
                         spread(node, node.input(5), weight, 0, 0));
  Value sum = node.create<ConvOp>(x, kernel, node.input(8), w->strides,
                                  w->pads, w->dilations, groups);
  if (!sum)
    return failure();
  Shape shape(shapeOf(sum));
  auto scale = [&](unsigned i) {
    return cast(node, spread(node, node.input(i), shape, 1, 0), f32(node));
  };
  Value factor = binary(node, BinaryKind::Mul, scale(1), scale(4));
  factor = binary(node, BinaryKind::Div, factor, scale(6));
  Value y = binary(node, BinaryKind::Mul, cast(node, sum, f32(node)), factor);
  y = binary(node, BinaryKind::Add, y, scale(7));
  return node.setOutput(
      0, saturated(node, unary(node, UnaryKind::Round, y), element));
}

VISIR_ONNX_OP(QLinearConv, 10, 8, importQLinearConv)
