// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {
/// One spatial direction of the sampling points of all regions.
struct Points {
  Value normalised; ///< regions x points, -1 .. 1 over the input
  Value isInside;   ///< whether they lie within one element of the input
};
} // namespace

/// Sampling points between columns `first` and `first + 2` of the regions:
/// `count` bins of `ratio` points each, over `extent` elements.
static Points points(Node &node, int64_t first, int64_t count, int64_t ratio,
                     int64_t extent, bool halfPixel) {
  double scale = node.floatAttr("spatial_scale", 1.0);
  Value rois = node.input(1);
  auto constant = [&](double value) { return scalarLike(node, rois, value); };
  auto edge = [&](int64_t column) {
    Value x = sliceAxis(node, rois, 1, column, 1);
    x = binary(node, BinaryKind::Mul, x, constant(scale));
    return halfPixel ? binary(node, BinaryKind::Sub, x, constant(0.5)) : x;
  };
  Value begin = edge(first);
  Value size = binary(node, BinaryKind::Sub, edge(first + 2), begin);
  if (!halfPixel)
    size = binary(node, BinaryKind::Max, size, constant(1));
  SmallVector<double> places;
  for (int64_t i = 0; i < count * ratio; ++i)
    places.push_back((i + 0.5) / (count * ratio));
  auto type = RankedTensorType::get({1, count * ratio}, node.elementType(1));
  Value at = binary(node, BinaryKind::Mul, size,
                    doublesConstant(node, type, places));
  at = binary(node, BinaryKind::Add, at, begin);
  Value isInside = binary(
      node, BinaryKind::And,
      compare(node, CompareKind::GreaterEqual, at, constant(-1)),
      compare(node, CompareKind::LessEqual, at, constant(extent)));
  // Element i lies at (2 i + 1) / extent - 1.
  at = binary(node, BinaryKind::Mul, at, constant(2.0 / extent));
  at = binary(node, BinaryKind::Add, at, constant(1.0 / extent - 1));
  return {at, isInside};
}

/// The mean of sampling points in each bin of each region.
static LogicalResult importRoiAlign(Node &node) {
  int64_t height = node.intAttr("output_height", 1);
  int64_t width = node.intAttr("output_width", 1);
  int64_t ratio = node.intAttr("sampling_ratio", 0);
  std::string mode = node.stringAttr("mode", "avg");
  std::string where =
      node.opset() < 16
          ? "output_half_pixel"
          : node.stringAttr("coordinate_transformation_mode", "half_pixel");
  if (mode != "avg")
    return node.refuse("mode", mode, "avg");
  if (ratio < 1)
    return node.refuse("sampling_ratio", Twine(ratio),
                       "at least 1, as an adaptive one depends on the regions");
  if (height < 1 || width < 1 || node.rank(0) != 4 || node.rank(1) != 2)
    return node.refuse("output sizes or ranks of the inputs are out of range");
  if (failed(checkElements(node, {height, width, ratio, ratio})) ||
      failed(checkConstantSize(node, height * width * ratio * ratio)))
    return failure();
  bool halfPixel = where == "half_pixel";
  ArrayRef<int64_t> in = node.shape(0);
  int64_t regions = node.shape(1)[0], channels = in[1];
  int64_t rows = height * ratio, columns = width * ratio;
  Points y = points(node, 1, height, ratio, in[2], halfPixel);
  Points x = points(node, 0, width, ratio, in[3], halfPixel);
  Shape each{regions, rows, columns, 1};
  Value grid = concat(
      node,
      {expand(node, reshape(node, x.normalised, {regions, 1, columns, 1}),
              each),
       expand(node, reshape(node, y.normalised, {regions, rows, 1, 1}), each)},
      3);
  Value images =
      node.create<GatherOp>(node.input(0), node.input(2), int64_t(0));
  Value samples = node.create<GridSampleOp>(
      images, cast(node, grid, node.elementType(0)), SampleMode::Linear,
      BorderMode::Border, false);
  Value isInside =
      binary(node, BinaryKind::And,
             reshape(node, x.isInside, {regions, 1, 1, columns}),
             reshape(node, y.isInside, {regions, 1, rows, 1}));
  samples = select(node, isInside, samples, scalarLike(node, samples, 0));
  samples =
      reshape(node, samples, {regions, channels, height, ratio, width, ratio});
  return node.setOutput(
      0, reduce(node, ReduceKind::Mean, samples, {3, 5}, false));
}

VISIR_ONNX_OP(RoiAlign, 10, 3, importRoiAlign)
