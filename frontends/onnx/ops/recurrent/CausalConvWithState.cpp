// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// A depthwise convolution over time that looks back only; the state is what
/// the next call needs of this one's input.
static LogicalResult importCausalConvWithState(Node &node) {
  std::string activation = node.stringAttr("activation", "none");
  ArrayRef<int64_t> in = node.shape(0), weight = node.shape(1);
  if (activation != "none" && activation != "silu" && activation != "swish")
    return node.refuse("activation", activation, "none, silu or swish");
  if (in.size() != 3 || weight.size() != 3)
    return node.refuse("shapes of input and weight",
                       shapeName(in) + " and " + shapeName(weight),
                       "three dimensions each");
  int64_t channels = in[1], before = weight[2] - 1;
  Value x = node.input(0);
  if (node.hasInput(3))
    x = concat(node, {node.input(3), x}, 2);
  else
    x = pad(node, x, {0, 0, before}, {0, 0, 0});
  Value y = node.create<ConvOp>(x, node.input(1), node.input(2), Shape{1},
                                Shape{0, 0}, Shape{1}, channels);
  if (activation != "none")
    y = unary(node, UnaryKind::Silu, y);
  if (failed(node.setOutput(0, y)))
    return failure();
  if (!node.hasOutput(1))
    return success();
  return node.setOutput(
      1, x ? sliceAxis(node, x, 2, shapeOf(x)[2] - before, before) : x);
}

VISIR_ONNX_OP(CausalConvWithState, 27, 2, importCausalConvWithState)
