// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TOOLS_COMMON_STATISTICS_H
#define VISIR_TOOLS_COMMON_STATISTICS_H

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace visir::tools {

// The value below which the share `q` of the values lies; the smallest for 0.
// `values` is not empty; it is sorted in place.
inline double quantile(std::vector<double> &values, double q) {
  std::sort(values.begin(), values.end());
  double rank = q * static_cast<double>(values.size() - 1);
  return values[static_cast<size_t>(rank + 0.5)];
}

// Places in rising order from 0; equal values share the mean of theirs.
inline std::vector<double> ranksOf(const std::vector<double> &values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0, last; first < order.size(); first = last) {
    last = first;
    while (last < order.size() && values[order[last]] == values[order[first]])
      ++last;
    for (size_t i = first; i < last; ++i)
      ranks[order[i]] = static_cast<double>(first + last - 1) / 2;
  }
  return ranks;
}

// Spearman's rank correlation of two lists of equal length; 0 where one of
// them has a single value only.
inline double rankCorrelation(const std::vector<double> &x,
                              const std::vector<double> &y) {
  std::vector<double> a = ranksOf(x), b = ranksOf(y);
  double mean = (static_cast<double>(x.size()) - 1) / 2;
  double product = 0, squareA = 0, squareB = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    product += (a[i] - mean) * (b[i] - mean);
    squareA += (a[i] - mean) * (a[i] - mean);
    squareB += (b[i] - mean) * (b[i] - mean);
  }
  return squareA > 0 && squareB > 0 ? product / std::sqrt(squareA * squareB)
                                    : 0;
}

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_STATISTICS_H
