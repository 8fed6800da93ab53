// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/GridSample.h"

#include "targets/reference/Ops.h"
#include "targets/reference/Walk.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

/// From -1 .. 1 to the coordinates of elements.
static double denormalise(double x, int64_t extent, bool alignCorners) {
  if (alignCorners)
    return (x + 1) / 2 * double(extent - 1);
  return ((x + 1) * double(extent) - 1) / 2;
}

/// Mirrors `x` at the borders until it is between them.
static double reflect(double x, double low, double high) {
  double span = high - low;
  if (span <= 0)
    return low;
  double phase = std::fmod(std::fabs(x - low), 2 * span);
  return low + (phase <= span ? phase : 2 * span - phase);
}

/// Brings a coordinate into the input as the border mode says; for zeros it
/// stays where it is.
static double applyBorder(BorderMode border, double x, int64_t extent,
                          bool alignCorners) {
  double last = double(extent - 1);
  if (border == BorderMode::Reflection)
    x = alignCorners ? reflect(x, 0, last) : reflect(x, -0.5, last + 0.5);
  if (border == BorderMode::Zeros)
    return x;
  return std::fmin(std::fmax(x, 0), last);
}

/// Weights of the taps floor(x) - 1 .. floor(x) + 2 at the fraction `t` of
/// cubic convolution with a = -0.75. Source: Keys, Cubic Convolution
/// Interpolation for Digital Image Processing, 1981.
static std::array<double, 4> cubicWeights(double t) {
  const double a = -0.75;
  auto near = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  auto far = [&](double d) {
    return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  };
  return {far(1 + t), near(t), near(1 - t), far(2 - t)};
}

namespace {
/// The taps of one dimension: first coordinate and a weight for each.
struct Taps {
  int64_t first;
  SmallVector<double, 4> weights;
};
} // namespace

static Taps tapsOf(SampleMode mode, double x) {
  if (mode == SampleMode::Nearest)
    return {int64_t(std::nearbyint(x)), {1.0}};
  double floor = std::floor(x), t = x - floor;
  if (mode == SampleMode::Linear)
    return {int64_t(floor), {1 - t, t}};
  std::array<double, 4> weights = cubicWeights(t);
  return {int64_t(floor) - 1, {weights.begin(), weights.end()}};
}

double Sampler::sample(const double *plane, ArrayRef<int64_t> extents,
                       ArrayRef<double> grid) const {
  SmallVector<Taps, 3> taps;
  Dims counts;
  for (auto [d, extent] : llvm::enumerate(extents)) {
    double x = denormalise(grid[extents.size() - 1 - d], extent, alignCorners);
    if (!std::isfinite(x))
      x = border == BorderMode::Zeros ? -2 : 0;
    // Cubic taps are brought inside one by one.
    if (mode != SampleMode::Cubic)
      x = applyBorder(border, x, extent, alignCorners);
    taps.push_back(tapsOf(mode, x));
    counts.push_back(taps.back().weights.size());
  }
  double sum = 0;
  forEachIndex(counts, [&](int64_t, ArrayRef<int64_t> tap) {
    double weight = 1;
    int64_t offset = 0;
    for (size_t d = 0; d < extents.size(); ++d) {
      weight *= taps[d].weights[tap[d]];
      double at = applyBorder(border, double(taps[d].first + tap[d]),
                              extents[d], alignCorners);
      if (at < 0 || at >= double(extents[d]))
        return;
      offset = offset * extents[d] + int64_t(at);
    }
    sum += weight * plane[offset];
  });
  return sum;
}

Evaluated visir::reference::evaluateGridSample(GridSampleOp op,
                                               ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor grid = rounded(operands[1]), result(resultType(op));
  Sampler sampler{op.getMode(), op.getBorder(), op.getAlignCorners()};
  ArrayRef<int64_t> extents = in.shape().drop_front(2);
  int64_t plane = pointCount(extents), channels = in.shape()[1];
  int64_t points = pointCount(result.shape().drop_front(2));
  int64_t axes = extents.size();
  forEachIndex({in.shape()[0], channels, points}, [&](int64_t i,
                                                      ArrayRef<int64_t> at) {
    const double *coordinates =
        grid.data<double>() + (at[0] * points + at[2]) * axes;
    result.data<double>()[i] =
        sampler.sample(in.data<double>() + (at[0] * channels + at[1]) * plane,
                       extents, ArrayRef<double>(coordinates, axes));
  });
  return Tensors{result};
}
