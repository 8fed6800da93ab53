// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/ResizeTable.h"

#include <algorithm>
#include <cmath>

using namespace visir::onnx;

/// The input coordinate of output position `y`; see the formulas of ONNX's
/// Resize. The extent that the scale asks for need not be a whole number.
static double inputCoordinate(const ResizeAxis &axis, Coordinates mode,
                              int64_t y) {
  double extent = axis.scale * axis.in, last = axis.in - 1;
  switch (mode) {
  case Coordinates::AlignCorners:
    return extent == 1 ? 0 : y * last / (extent - 1);
  case Coordinates::Asymmetric:
    return y / axis.scale;
  case Coordinates::TfCropAndResize: {
    double part = axis.roiEnd - axis.roiStart;
    double inside =
        extent == 1 ? part * last / 2 : y * part * last / (extent - 1);
    return inside + axis.roiStart * last;
  }
  case Coordinates::PytorchHalfPixel:
    return extent == 1 ? -0.5 : (y + 0.5) / axis.scale - 0.5;
  case Coordinates::HalfPixel:
    return (y + 0.5) / axis.scale - 0.5;
  case Coordinates::HalfPixelSymmetric: {
    double offset = axis.in / 2.0 * (1 - axis.out / extent);
    return offset + (y + 0.5) / axis.scale - 0.5;
  }
  }
  return 0;
}

static double cubicKernel(double x, double a) {
  x = std::abs(x);
  if (x <= 1)
    return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  if (x < 2)
    return a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a;
  return 0;
}

/// Weights of the taps around a coordinate that lies `ratio` (0 < ratio <= 1)
/// behind its left neighbour. Antialiasing widens the kernel by 1 / scale.
static std::vector<double> tapWeights(double ratio, double scale,
                                      const ResizeMode &mode) {
  bool cubic = mode.interpolation == Interpolation::Cubic;
  double squeeze = mode.antialias ? std::min(scale, 1.0) : 1.0;
  double radius = cubic ? 2 : 1;
  int64_t start = int64_t(std::floor(-radius / squeeze)) + 1;
  int64_t count = 2 - 2 * start;
  std::vector<double> weights(count);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    double x = squeeze * (start + i - ratio);
    weights[i] = cubic ? cubicKernel(x, mode.cubicA)
                       : std::clamp(1 - std::abs(x), 0.0, 1.0);
    sum += weights[i];
  }
  if (mode.antialias)
    for (double &weight : weights)
      weight /= sum;
  return weights;
}

static int64_t nearestIndex(double x, double scale, NearestRounding mode) {
  double below = std::floor(x), fraction = x - below;
  if (fraction == 0)
    return int64_t(below);
  bool up = false;
  switch (mode) {
  case NearestRounding::PreferFloor:
    up = fraction > 0.5;
    break;
  case NearestRounding::PreferCeil:
    up = fraction >= 0.5;
    break;
  case NearestRounding::Floor:
    break;
  case NearestRounding::Ceil:
    up = true;
    break;
  case NearestRounding::Simple:
    up = scale < 1;
    break;
  }
  return int64_t(below) + up;
}

/// Adds the taps at coordinate `x`: the nearest ones, the left of two equally
/// near, where elements beyond the edge repeat the edge.
static void addTaps(ResizeTable &table, const ResizeAxis &axis,
                    const ResizeMode &mode, double x) {
  double below = std::floor(x), fraction = x - below;
  std::vector<double> weights =
      tapWeights(fraction == 0 ? 1.0 : fraction, axis.scale, mode);
  int64_t count = weights.size();
  int64_t first = int64_t(below) - count / 2 + (fraction == 0 ? 0 : 1);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    bool isOutside = first + i < 0 || first + i >= axis.in;
    if (mode.excludeOutside && isOutside)
      weights[i] = 0;
    sum += weights[i];
  }
  for (int64_t i = 0; i < count; ++i) {
    table.indices.push_back(std::clamp<int64_t>(first + i, 0, axis.in - 1));
    table.weights.push_back(
        mode.excludeOutside && sum != 0 ? weights[i] / sum : weights[i]);
  }
  table.taps = count;
}

ResizeTable visir::onnx::makeResizeTable(const ResizeAxis &axis,
                                                const ResizeMode &mode) {
  ResizeTable table;
  for (int64_t y = 0; y < axis.out; ++y) {
    double x = inputCoordinate(axis, mode.coordinates, y);
    table.outside.push_back(mode.coordinates == Coordinates::TfCropAndResize &&
                            (x < 0 || x > axis.in - 1));
    if (mode.interpolation != Interpolation::Nearest) {
      addTaps(table, axis, mode, x);
      continue;
    }
    int64_t index = nearestIndex(x, axis.scale, mode.nearest);
    table.indices.push_back(std::clamp<int64_t>(index, 0, axis.in - 1));
    table.weights.push_back(1.0);
    table.taps = 1;
  }
  return table;
}
