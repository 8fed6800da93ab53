// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

#include <array>

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {
/// What a node says of all regions.
struct Bins {
  int64_t height, width, ratio;
  bool halfPixel;
};

/// One spatial direction of the sampling points of all regions.
struct Points {
  Value at;       ///< regions x points, in elements of the input
  Value isInside; ///< whether they lie within one element of the input
  int64_t extent; ///< elements of the input

  int64_t count() const { return shapeOf(at)[1]; }
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
  return {at, isInside, extent};
}

/// Where each point lies, -1 .. 1 over the input: element i lies at
/// (2 i + 1) / extent - 1.
static Value normalised(Node &node, const Points &points) {
  auto constant = [&](double value) {
    return scalarLike(node, points.at, value);
  };
  Value at = binary(node, BinaryKind::Mul, points.at,
                    constant(2.0 / points.extent));
  return binary(node, BinaryKind::Add, at, constant(1.0 / points.extent - 1));
}

/// The mean of the samples in each bin of each region.
static Value meanOfSamples(Node &node, const Bins &bins, const Points &y,
                           const Points &x) {
  int64_t regions = node.shape(1)[0], channels = node.shape(0)[1];
  int64_t rows = y.count(), columns = x.count();
  Shape each{regions, rows, columns, 1};
  Value grid = concat(
      node,
      {expand(node,
              reshape(node, normalised(node, x), {regions, 1, columns, 1}),
              each),
       expand(node, reshape(node, normalised(node, y), {regions, rows, 1, 1}),
              each)},
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
  samples = reshape(node, samples,
                    {regions, channels, bins.height, bins.ratio, bins.width,
                     bins.ratio});
  return reduce(node, ReduceKind::Mean, samples, {3, 5}, false);
}

namespace {
/// An element beside a sampling point in one direction.
struct Neighbour {
  Value number; ///< regions x points, si64
  Value weight; ///< regions x points
};
} // namespace

/// The elements before and behind each point; at the last element both are
/// that one.
static std::array<Neighbour, 2> neighbours(Node &node, const Points &points) {
  Value first = scalarLike(node, points.at, 0);
  Value last = scalarLike(node, points.at, points.extent - 1);
  Value one = scalarLike(node, points.at, 1);
  Value at = binary(node, BinaryKind::Max, points.at, first);
  at = binary(node, BinaryKind::Min, at, last);
  Value low = unary(node, UnaryKind::Floor, at);
  Value high = binary(node, BinaryKind::Min,
                      binary(node, BinaryKind::Add, low, one), last);
  Value part = binary(node, BinaryKind::Sub, at, low);
  return {{{cast(node, low, si64(node)),
            binary(node, BinaryKind::Sub, one, part)},
           {cast(node, high, si64(node)), part}}};
}

/// The largest weighted element beside the sampling points of each bin, as the
/// operator's reference has it: the products are not added up before.
static Value largestOfSamples(Node &node, const Bins &bins, const Points &y,
                              const Points &x) {
  ArrayRef<int64_t> in = node.shape(0);
  int64_t regions = node.shape(1)[0], channels = in[1];
  int64_t rows = y.count(), columns = x.count(), all = rows * columns;
  // Channels last: an element of the input is a row.
  Value elements = reshape(node, transpose(node, node.input(0), {0, 2, 3, 1}),
                           {in[0] * in[2] * in[3], channels});
  Value image = reshape(node, cast(node, node.input(2), si64(node)),
                        {regions, 1, 1});
  auto combine = [&](BinaryKind kind, Value ofRows, Value ofColumns) {
    return binary(node, kind, reshape(node, ofRows, {regions, rows, 1}),
                  reshape(node, ofColumns, {regions, 1, columns}));
  };
  auto times = [&](Value number, int64_t factor) {
    return binary(node, BinaryKind::Mul, number,
                  scalarLike(node, number, factor));
  };
  Value largest;
  for (const Neighbour &row : neighbours(node, y)) {
    for (const Neighbour &column : neighbours(node, x)) {
      Value number = combine(BinaryKind::Add, times(row.number, in[3]),
                             column.number);
      number = binary(node, BinaryKind::Add, number,
                      times(image, in[2] * in[3]));
      Value product = node.create<GatherOp>(
          elements, reshape(node, number, {regions, all}), int64_t(0));
      Value weight = combine(BinaryKind::Mul, row.weight, column.weight);
      product = binary(node, BinaryKind::Mul, product,
                       reshape(node, weight, {regions, all, 1}));
      largest = largest ? binary(node, BinaryKind::Max, largest, product)
                        : product;
    }
  }
  Value isInside = combine(BinaryKind::And, y.isInside, x.isInside);
  largest = select(node, reshape(node, isInside, {regions, all, 1}), largest,
                   scalarLike(node, largest, 0));
  largest = reshape(node, largest,
                    {regions, bins.height, bins.ratio, bins.width, bins.ratio,
                     channels});
  largest = reduce(node, ReduceKind::Max, largest, {2, 4}, false);
  return transpose(node, largest, {0, 3, 1, 2});
}

static LogicalResult importRoiAlign(Node &node) {
  Bins bins;
  bins.height = node.intAttr("output_height", 1);
  bins.width = node.intAttr("output_width", 1);
  bins.ratio = node.intAttr("sampling_ratio", 0);
  std::string mode = node.stringAttr("mode", "avg");
  std::string where =
      node.opset() < 16
          ? "output_half_pixel"
          : node.stringAttr("coordinate_transformation_mode", "half_pixel");
  bins.halfPixel = where == "half_pixel";
  if (mode != "avg" && mode != "max")
    return node.refuse("mode", mode, "avg or max");
  if (bins.ratio < 1)
    return node.refuse("sampling_ratio", Twine(bins.ratio),
                       "at least 1, as an adaptive one depends on the regions");
  if (bins.height < 1 || bins.width < 1 || node.rank(0) != 4 ||
      node.rank(1) != 2)
    return node.refuse("output sizes or ranks of the inputs are out of range");
  if (failed(checkElements(node, {bins.height, bins.width, bins.ratio,
                                  bins.ratio})) ||
      failed(checkConstantSize(node, bins.height * bins.width * bins.ratio *
                                         bins.ratio)))
    return failure();
  ArrayRef<int64_t> in = node.shape(0);
  Points y =
      points(node, 1, bins.height, bins.ratio, in[2], bins.halfPixel);
  Points x = points(node, 0, bins.width, bins.ratio, in[3], bins.halfPixel);
  if (node.refused())
    return failure();
  return node.setOutput(0, mode == "avg"
                               ? meanOfSamples(node, bins, y, x)
                               : largestOfSamples(node, bins, y, x));
}

VISIR_ONNX_OP(RoiAlign, 10, 3, importRoiAlign)
