// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The grid of one direction: where each tap of each window samples, in
/// elements of the input, as kernel x out (row-major, both directions).
static SmallVector<double> tapPositions(const Window &w, ArrayRef<int64_t> out,
                                        bool vertical) {
  SmallVector<double> values;
  int64_t d = vertical ? 0 : 1;
  for (int64_t ky = 0; ky < w.kernel[0]; ++ky)
    for (int64_t kx = 0; kx < w.kernel[1]; ++kx)
      for (int64_t oy = 0; oy < out[0]; ++oy)
        for (int64_t ox = 0; ox < out[1]; ++ox)
          values.push_back((vertical ? oy : ox) * w.strides[d] - w.pads[d] +
                           (vertical ? ky : kx) * w.dilations[d]);
  return values;
}

/// Offsets of one direction plus the places of the taps, normalised: (batch *
/// groups) x (kernel * rows) x columns x 1.
static Value coordinates(Node &node, const Window &w, ArrayRef<int64_t> out,
                         int64_t images, bool vertical) {
  int64_t taps = ShapedType::getNumElements(w.kernel);
  int64_t extent = node.shape(0)[vertical ? 2 : 3];
  Type element = node.elementType(2);
  Value x = reshape(node, node.input(2), {images, taps, 2, out[0], out[1]});
  x = reshape(node, sliceAxis(node, x, 2, vertical ? 0 : 1, 1),
              {images, taps * out[0], out[1], 1});
  if (failed(checkElements(node, {taps, out[0], out[1]})) ||
      failed(checkConstantSize(node, taps * out[0] * out[1])))
    return {};
  auto type = RankedTensorType::get({1, taps * out[0], out[1], 1}, element);
  x = binary(node, BinaryKind::Add, x,
             doublesConstant(node, type, tapPositions(w, out, vertical)));
  x = binary(node, BinaryKind::Mul, x, scalarLike(node, x, 2.0 / extent));
  return binary(node, BinaryKind::Add, x,
                scalarLike(node, x, 1.0 / extent - 1));
}

/// Samples every tap of every window, then contracts taps and channels with a
/// 1x1 convolution.
static LogicalResult importDeformConv(Node &node) {
  ArrayRef<int64_t> in = node.shape(0), weight = node.shape(1);
  int64_t groups = node.intAttr("group", 1);
  int64_t offsetGroups = node.intAttr("offset_group", 1);
  if (in.size() != 4 || weight.size() != 4 || node.rank(2) != 4)
    return node.refuse("ranks of input, weight and offset", "not all 4", "4");
  FailureOr<Window> w = window(node, in.drop_front(2), weight.drop_front(2));
  if (failed(w))
    return failure();
  ArrayRef<int64_t> out = node.shape(2).drop_front(2);
  int64_t taps = ShapedType::getNumElements(w->kernel), batch = in[0];
  Shape offset{batch, offsetGroups * taps * 2, out[0], out[1]};
  if (offsetGroups < 1 || in[1] % offsetGroups != 0 ||
      node.shape(2) != ArrayRef<int64_t>(offset))
    return node.refuse("shape of the offsets", shapeName(node.shape(2)),
                       shapeName(offset));
  int64_t images = batch * offsetGroups, depth = in[1] / offsetGroups;
  Value grid = concat(node, {coordinates(node, *w, out, images, false),
                             coordinates(node, *w, out, images, true)},
                      3);
  Value x = reshape(node, node.input(0), {images, depth, in[2], in[3]});
  x = node.create<GridSampleOp>(x, cast(node, grid, node.elementType(0)),
                                SampleMode::Linear, BorderMode::Zeros, false);
  x = reshape(node, x, {images, depth, taps, out[0], out[1]});
  if (node.hasInput(4))
    x = binary(node, BinaryKind::Mul, x,
               reshape(node, node.input(4),
                       {images, 1, taps, out[0], out[1]}));
  x = reshape(node, x, {batch, in[1] * taps, out[0], out[1]});
  Value kernel =
      reshape(node, node.input(1), {weight[0], weight[1] * taps, 1, 1});
  return node.setOutput(0, node.create<ConvOp>(x, kernel, node.input(3),
                                               Shape{1, 1}, Shape{0, 0, 0, 0},
                                               Shape{1, 1}, groups));
}

VISIR_ONNX_OP(DeformConv, 19, 3, importDeformConv)
