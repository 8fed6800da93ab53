// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/winograd/Rounding.h"

#include "compiler/support/Constants.h"
#include "targets/cpu/codegen/winograd/Transforms.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Variance that one step of a sum adds: the error is uniform over the last
/// place of a partial sum, which has on average half of the whole's variance.
static constexpr double kStep = 0.09;
/// Steps that the transforms of inputs, weights and results are worth.
static constexpr double kTransformSteps = 10;
/// Variance that the rounding of two factors adds.
static constexpr double kFactors = 2. / 12;
/// Variance and mean of a rectified normal variable.
static constexpr double kVariance = 0.341, kMean = 0.399;

double cpu::roundingOfSums(double steps, double block, bool half) {
  if (half)
    return kFactors + kStep * std::min(steps, block);
  return kStep * (std::min(steps, block) + std::max(1.0, steps / block));
}

using Vector = std::vector<double>;

/// The products of each entry of x with each of y.
static Vector outer(const Vector &x, const Vector &y) {
  Vector result;
  for (double a : x)
    for (double b : y)
      result.push_back(a * b);
  return result;
}

/// The sum over all filters of the products of their taps, by pair of taps.
static Vector tapMoments(ElementsAttr weights, int64_t taps) {
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(weights, storage);
  Type element = weights.getElementType();
  Vector moments(taps * taps, 0), filter(taps);
  for (int64_t f = 0; f < weights.getNumElements(); f += taps) {
    for (int64_t i = 0; i < taps; ++i)
      filter[i] = elementAsDouble(bytes, element, f + i);
    for (int64_t i = 0; i < taps * taps; ++i)
      moments[i] += filter[i / taps] * filter[i % taps];
  }
  return moments;
}

/// The variance of the combination `factors` of inputs.
static double inputVariance(const Vector &factors) {
  double squares = 0, sum = 0;
  for (double factor : factors) {
    squares += factor * factor;
    sum += factor;
  }
  return kVariance * squares + kMean * kMean * sum * sum;
}

/// The variance of the combination `factors` of a filter's taps.
static double tapVariance(const Vector &factors, const Vector &moments) {
  size_t taps = factors.size();
  double sum = 0;
  for (size_t i = 0; i < taps * taps; ++i)
    sum += factors[i / taps] * factors[i % taps] * moments[i];
  return sum;
}

double cpu::roundingOfFiltering(ElementsAttr weights,
                                const FilterTransform &transform, unsigned axes,
                                int64_t block, bool half) {
  int64_t n = transform.size(), taps = axes == 2 ? 9 : 3;
  Vector moments = tapMoments(weights, taps), one{1};
  double results = 0;
  for (int64_t i = 0; i < taps * taps; ++i)
    results += moments[i] * (i % (taps + 1) == 0 ? kVariance + kMean * kMean
                                                 : kMean * kMean);
  if (results == 0)
    return 0;
  // The share of each point in a result's variance, on average.
  Vector share(n, 0);
  for (const Vector &row : transform.result)
    for (int64_t p = 0; p < n; ++p)
      share[p] += row[p] * row[p] / double(transform.outputs);
  double products = 0;
  for (int64_t p = 0; p < n; ++p)
    for (int64_t q = 0; q < (axes == 2 ? n : 1); ++q) {
      bool two = axes == 2;
      Vector filter =
          outer(transform.filter[p], two ? transform.filter[q] : one);
      Vector input = outer(transform.input[p], two ? transform.input[q] : one);
      products += share[p] * (two ? share[q] : 1) *
                  tapVariance(filter, moments) * inputVariance(input);
    }
  auto type = cast<RankedTensorType>(weights.getShapedType());
  // Taps of the depth are summed like channels.
  double channels =
      double(type.getNumElements()) / double(type.getDimSize(0) * taps);
  double transforms = half ? 0 : kStep * kTransformSteps;
  return products / results *
         (roundingOfSums(channels, double(block), half) + transforms);
}
