// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TOOLS_COMMON_STATISTICS_H
#define VISIR_TOOLS_COMMON_STATISTICS_H

#include <algorithm>
#include <cstddef>
#include <vector>

namespace visir::tools {

// The value below which the share `q` of the values lies; the smallest for 0.
// `values` is not empty; it is sorted in place.
inline double quantile(std::vector<double> &values, double q) {
  std::sort(values.begin(), values.end());
  double rank = q * static_cast<double>(values.size() - 1);
  return values[static_cast<size_t>(rank + 0.5)];
}

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_STATISTICS_H
