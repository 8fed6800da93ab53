// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Sums overlapping blocks: a transposed convolution, a group per channel,
/// whose weights put each row of a block's column at its place.
static LogicalResult importCol2Im(Node &node) {
  FailureOr<SmallVector<int64_t>> image = node.requireInts(1, "image_shape");
  FailureOr<SmallVector<int64_t>> block = node.requireInts(2, "block_shape");
  if (failed(image) || failed(block))
    return failure();
  size_t count = block->size();
  Shape strides = node.intsAttr("strides", Shape(count, 1));
  Shape dilations = node.intsAttr("dilations", Shape(count, 1));
  Shape pads = node.intsAttr("pads", Shape(2 * count, 0));
  ArrayRef<int64_t> in = node.shape(0);
  int64_t taps = ShapedType::getNumElements(*block);
  if (image->size() != count || strides.size() != count ||
      dilations.size() != count || pads.size() != 2 * count)
    return node.refuse("image_shape, strides, dilations or pads do not have "
                       "one entry per dimension of block_shape");
  if (in.size() != 3 || taps < 1 || in[1] % taps != 0)
    return node.refuse("shape of the input", shapeName(in),
                       "[N, C * " + Twine(taps) + ", L]");
  Shape columns{in[0], in[1]}, rest;
  for (size_t i = 0; i < count; ++i) {
    int64_t room = (*image)[i] + pads[i] + pads[count + i] -
                   dilations[i] * ((*block)[i] - 1) - 1;
    if (strides[i] < 1 || room < 0)
      return node.refuse("block_shape does not fit into the padded image");
    columns.push_back(room / strides[i] + 1);
    rest.push_back(room % strides[i]);
  }
  int64_t length = ShapedType::getNumElements(ArrayRef(columns).drop_front(2));
  if (length != in[2])
    return node.refuse("number of blocks", Twine(in[2]), Twine(length));
  if (failed(checkElements(node, {in[1], taps})) ||
      failed(checkConstantSize(node, in[1] * taps)))
    return failure();
  SmallVector<double> places(in[1] * taps, 0.0);
  for (int64_t row = 0; row < in[1]; ++row)
    places[row * taps + row % taps] = 1;
  Shape weightShape{in[1], 1};
  weightShape.append(*block);
  auto type = RankedTensorType::get(weightShape, node.elementType(0));
  return node.setOutput(
      0, node.create<ConvTransposeOp>(reshape(node, node.input(0), columns),
                                      doublesConstant(node, type, places),
                                      Value(), strides, pads, dilations,
                                      in[1] / taps, rest));
}

VISIR_ONNX_OP(Col2Im, 18, 3, importCol2Im)
