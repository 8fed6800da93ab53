// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/HeatmapDecode.h"

#include "targets/reference/Dispatch.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

double HeatmapDecoder::number(StringRef name) const {
  return params.getAs<FloatAttr>(name).getValueAsDouble();
}

int64_t HeatmapDecoder::whole(StringRef name) const {
  return params.getAs<IntegerAttr>(name).getInt();
}

/// The element at column x and row y, inside or outside of the map.
double HeatmapDecoder::cell(const double *values, int64_t x, int64_t y) const {
  if (params.get("clamp")) {
    x = std::clamp<int64_t>(x, 0, width - 1);
    y = std::clamp<int64_t>(y, 0, height - 1);
  }
  if (x < 0 || x >= width || y < 0 || y >= height)
    return number("fill");
  return values[y * width + x];
}

void HeatmapDecoder::refineByStep(const double *values, int64_t u, int64_t v,
                                  Peak &peak) const {
  auto sign = [](double x) { return double(x > 0) - double(x < 0); };
  double scale = number("scale");
  peak.x += scale * sign(cell(values, u + 1, v) - cell(values, u - 1, v));
  peak.y += scale * sign(cell(values, u, v + 1) - cell(values, u, v - 1));
}

void HeatmapDecoder::refineBySoftmax(const double *values, int64_t u, int64_t v,
                                     Peak &peak) const {
  int64_t reach = whole("window") / 2;
  double scale = number("scale"), largest = -HUGE_VAL;
  auto visit = [&](auto fn) {
    for (int64_t j = -reach; j <= reach; ++j)
      for (int64_t i = -reach; i <= reach; ++i)
        fn(i, j, scale * cell(values, u + i, v + j));
  };
  visit([&](int64_t, int64_t, double c) { largest = std::max(largest, c); });
  double sum = 0, sumX = 0, sumY = 0;
  visit([&](int64_t i, int64_t j, double c) {
    double weight = std::exp(c - largest);
    sum += weight;
    sumX += weight * double(i);
    sumY += weight * double(j);
  });
  peak.x += sumX / sum;
  peak.y += sumY / sum;
}

void HeatmapDecoder::refineByTaylor(const double *values, int64_t u, int64_t v,
                                    Peak &peak) const {
  auto c = [&](int64_t i, int64_t j) {
    double value = cell(values, u + i, v + j);
    if (!params.get("log_floor"))
      return value;
    return std::log(std::max(value, number("log_floor")));
  };
  double gx = 0.5 * (c(1, 0) - c(-1, 0)), gy = 0.5 * (c(0, 1) - c(0, -1));
  double gxx = 0.25 * (c(2, 0) - 2 * c(0, 0) + c(-2, 0));
  double gyy = 0.25 * (c(0, 2) - 2 * c(0, 0) + c(0, -2));
  double gxy = 0.25 * (c(1, 1) - c(1, -1) - c(-1, 1) + c(-1, -1));
  double determinant = gxx * gyy - gxy * gxy;
  if (determinant == 0)
    return;
  peak.x -= (gyy * gx - gxy * gy) / determinant;
  peak.y -= (gxx * gy - gxy * gx) / determinant;
}

Peak HeatmapDecoder::decode(const double *keys, const double *heatmap,
                            const double *values) const {
  int64_t best = 0;
  for (int64_t i = 1; i < height * width; ++i)
    if (keys[i] > keys[best])
      best = i;
  int64_t u = best % width, v = best / width;
  Peak peak{double(u), double(v), heatmap[best]};
  DecodeKind kind = decodeKindOf(params);
  if (kind == DecodeKind::Softmax)
    refineBySoftmax(values, u, v, peak);
  int64_t margin = whole("margin");
  bool inside =
      u >= margin && u < width - margin && v >= margin && v < height - margin;
  if (inside && kind == DecodeKind::Step)
    refineByStep(values, u, v, peak);
  if (inside && kind == DecodeKind::Taylor)
    refineByTaylor(values, u, v, peak);
  return peak;
}

Evaluated visir::reference::evaluateHeatmapDecode(HeatmapDecodeOp op,
                                                  ArrayRef<Tensor> operands) {
  Tensor keys = rounded(operands[0]);
  ArrayRef<int64_t> shape = keys.shape().take_back(2);
  HeatmapDecoder decoder{op->getAttrDictionary(), shape[0], shape[1]};
  Tensors results{Tensor(resultType(op, 0)), Tensor(resultType(op, 1)),
                  Tensor(resultType(op, 2))};
  int64_t size = shape[0] * shape[1];
  for (int64_t i = 0; i < results[0].size(); ++i) {
    Peak peak = decoder.decode(keys.data<double>() + i * size,
                               operands[0].data<double>() + i * size,
                               operands[1].data<double>() + i * size);
    results[0].data<double>()[i] = peak.x;
    results[1].data<double>()[i] = peak.y;
    results[2].data<double>()[i] = peak.score;
  }
  return results;
}

void DispatchEvaluation::decodeHeatmaps() {
  Unsigneds all(parallel);
  all.append(reduction);
  Scalars heatmap = operandOver(0, all), values = operandOver(1, all);
  if (failed)
    return;
  Scalars keys = heatmap;
  holdValues(keys);
  HeatmapDecoder decoder{decodeOf(op), extents[reduction[0]],
                         extents[reduction[1]]};
  int64_t size = points(reduction), count = points(parallel);
  Scalars x(heatmap.type, count), y(heatmap.type, count);
  Scalars score(heatmap.type, count);
  for (int64_t i = 0; i < count; ++i) {
    Peak peak = decoder.decode(keys.data<double>() + i * size,
                               heatmap.data<double>() + i * size,
                               values.data<double>() + i * size);
    x.lanes.floats[i] = peak.x;
    y.lanes.floats[i] = peak.y;
    score.lanes.floats[i] = peak.score;
  }
  for (Scalars *result : {&x, &y, &score})
    rootResults.push_back(std::move(*result));
}
