// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/resample.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace visir::tools {
namespace {

// Weights are integers with this many bits of fraction.
constexpr int kFractionBits = 22;

double triangle(double x) { return std::max(0.0, 1 - std::fabs(x)); }

// Keys' cubic with a = -0.5.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2)
    return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// What one pixel of the result takes along one axis.
struct Taps {
  int64_t first;
  std::vector<int64_t> weights;
};

// Sums up the scale, with the rounding errors that this has.
std::vector<Taps> nearestTaps(uint32_t from, uint32_t to) {
  std::vector<Taps> result;
  double scale = static_cast<double>(from) / to, centre = scale * 0.5;
  for (uint32_t i = 0; i < to; ++i, centre += scale)
    result.push_back({std::min<int64_t>(from - 1, static_cast<int64_t>(centre)),
                      {int64_t(1) << kFractionBits}});
  return result;
}

std::vector<Taps> makeTaps(uint32_t from, uint32_t to, Filter filter,
                           bool antialias) {
  if (filter == Filter::nearest)
    return nearestTaps(from, to);
  std::vector<Taps> result;
  double scale = static_cast<double>(from) / to;
  double stretch = antialias ? std::max(scale, 1.0) : 1.0;
  double support = (filter == Filter::bicubic ? 2 : 1) * stretch;
  for (uint32_t i = 0; i < to; ++i) {
    double centre = (i + 0.5) * scale;
    // Conversion cuts toward zero, as Pillow's does.
    int64_t first =
        std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    int64_t last =
        std::min<int64_t>(from, static_cast<int64_t>(centre + support + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t x = first; x < last; ++x) {
      double distance = (static_cast<double>(x) - centre + 0.5) * (1 / stretch);
      weights.push_back(filter == Filter::bicubic ? cubic(distance)
                                                  : triangle(distance));
      sum += weights.back();
    }
    Taps taps = {first, {}};
    for (double weight : weights) {
      double fixed = (sum != 0 ? weight / sum : weight) * (1 << kFractionBits);
      taps.weights.push_back(
          static_cast<int64_t>(fixed < 0 ? fixed - 0.5 : fixed + 0.5));
    }
    result.push_back(std::move(taps));
  }
  return result;
}

uint8_t toByte(int64_t fixed) {
  return static_cast<uint8_t>(
      std::clamp<int64_t>(fixed >> kFractionBits, 0, 255));
}

// The sum over the taps of neighbours that lie `step` bytes apart.
int64_t weigh(const uint8_t *pixels, const Taps &taps, uint64_t step) {
  int64_t sum = int64_t(1) << (kFractionBits - 1);
  for (size_t t = 0; t < taps.weights.size(); ++t)
    sum += taps.weights[t] * pixels[(taps.first + t) * step];
  return sum;
}

Picture scaleRows(const Picture &picture, uint32_t width, Filter filter,
                  bool antialias) {
  Picture result = {width, picture.height, picture.channels, {}};
  uint64_t channels = picture.channels;
  result.pixels.resize(uint64_t(width) * picture.height * channels);
  std::vector<Taps> taps = makeTaps(picture.width, width, filter, antialias);
  uint8_t *out = result.pixels.data();
  for (uint64_t y = 0; y < picture.height; ++y) {
    const uint8_t *row = &picture.pixels[y * picture.width * channels];
    for (const Taps &tap : taps)
      for (uint64_t c = 0; c < channels; ++c)
        *out++ = toByte(weigh(row + c, tap, channels));
  }
  return result;
}

Picture scaleColumns(const Picture &picture, uint32_t height, Filter filter,
                     bool antialias) {
  Picture result = {picture.width, height, picture.channels, {}};
  uint64_t row = uint64_t(picture.width) * picture.channels;
  result.pixels.resize(row * height);
  std::vector<Taps> taps = makeTaps(picture.height, height, filter, antialias);
  uint8_t *out = result.pixels.data();
  for (const Taps &tap : taps)
    for (uint64_t x = 0; x < row; ++x)
      *out++ = toByte(weigh(&picture.pixels[x], tap, row));
  return result;
}

// Python's round: halves go to the even number.
int64_t roundHalf(int64_t twice) {
  int64_t down = twice >> 1;
  return twice & 1 ? down + (down & 1) : down;
}

} // namespace

Picture resample(const Picture &picture, uint32_t width, uint32_t height,
                 Filter filter, bool antialias) {
  uint64_t tallest = std::max(height, picture.height);
  if (width * tallest > kMaxPixels)
    throw std::runtime_error("picture becomes " + std::to_string(width) + "x" +
                             std::to_string(tallest) +
                             " pixels, expected at most " +
                             std::to_string(kMaxPixels));
  Picture rows = width == picture.width
                     ? picture
                     : scaleRows(picture, width, filter, antialias);
  return height == rows.height ? rows
                               : scaleColumns(rows, height, filter, antialias);
}

Picture resampleShorter(const Picture &picture, uint32_t side, Filter filter,
                        bool antialias) {
  uint64_t width = picture.width, height = picture.height;
  bool upright = width <= height;
  uint64_t other = side * (upright ? height : width) /
                   std::max<uint64_t>(1, upright ? width : height);
  uint32_t longer = static_cast<uint32_t>(std::min<uint64_t>(other, 1 << 20));
  return resample(picture, upright ? side : longer, upright ? longer : side,
                  filter, antialias);
}

Picture cropCentre(const Picture &picture, uint32_t width, uint32_t height) {
  Picture result = {width, height, picture.channels, {}};
  result.pixels.resize(uint64_t(width) * height * picture.channels);
  int64_t left = roundHalf(int64_t(picture.width) - width);
  int64_t top = roundHalf(int64_t(picture.height) - height);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      int64_t fromX = x + left, fromY = y + top;
      if (fromX < 0 || fromX >= picture.width || fromY < 0 ||
          fromY >= picture.height)
        continue;
      for (uint32_t c = 0; c < picture.channels; ++c)
        result.pixels[(y * width + x) * picture.channels + c] =
            picture
                .pixels[(fromY * picture.width + fromX) * picture.channels + c];
    }
  }
  return result;
}

} // namespace visir::tools
