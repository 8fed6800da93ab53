// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/LowRank.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace visir;

/// What is left of a matrix, relative to its largest element, is the rounding
/// of products of floats if it is below this.
static constexpr double kRounding = 0x1p-18;

/// Whether a part of the matrix, `size` rows and columns at equal distances,
/// may have a rank below `size`; by elimination.
static bool partMayBeSingular(llvm::ArrayRef<double> matrix, int64_t rows,
                              int64_t columns, int64_t size, double floor) {
  std::vector<double> part(size * size);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j)
      part[i * size + j] =
          matrix[i * rows / size * columns + j * columns / size];
  for (int64_t k = 0; k < size; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < size; ++i)
      if (std::abs(part[i * size + k]) > std::abs(part[pivot * size + k]))
        pivot = i;
    double value = part[pivot * size + k];
    if (!(std::abs(value) > floor))
      return true;
    std::swap_ranges(part.begin() + pivot * size,
                     part.begin() + (pivot + 1) * size,
                     part.begin() + k * size);
    for (int64_t i = k + 1; i < size; ++i) {
      double factor = part[i * size + k] / value;
      for (int64_t j = k + 1; factor != 0 && j < size; ++j)
        part[i * size + j] -= factor * part[k * size + j];
    }
  }
  return false;
}

static double dot(const double *a, const double *b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += a[i] * b[i];
  return sum;
}

static void subtract(double *from, double factor, const double *row,
                     int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    from[i] -= factor * row[i];
}

/// Gram and Schmidt with the largest row next: rows of `right` span what the
/// rows of the matrix do.
std::optional<LowRank> visir::lowRankOf(llvm::ArrayRef<double> matrix,
                                        int64_t rows, int64_t columns,
                                        int64_t most) {
  double largest = 0;
  for (double value : matrix)
    largest = std::max(largest, std::abs(value));
  double floor = kRounding * largest;
  int64_t part = most + 1;
  if (!(largest > 0) || !std::isfinite(largest) || most < 1 ||
      part > std::min(rows, columns) ||
      !partMayBeSingular(matrix, rows, columns, part, floor))
    return std::nullopt;
  std::vector<double> rest(matrix.begin(), matrix.end());
  LowRank result;
  auto row = [&](int64_t i) { return rest.data() + i * columns; };
  while (true) {
    int64_t pivot = 0;
    double norm = -1;
    for (int64_t i = 0; i < rows; ++i)
      if (double n = dot(row(i), row(i), columns); n > norm)
        norm = n, pivot = i;
    bool small = llvm::all_of(
        rest, [&](double value) { return std::abs(value) <= floor; });
    if (small)
      break;
    if (result.rank == most)
      return std::nullopt;
    std::vector<double> next(row(pivot), row(pivot) + columns);
    // Once more, so that rounding leaves them orthogonal.
    for (int64_t k = 0; k < result.rank; ++k) {
      const double *other = result.right.data() + k * columns;
      subtract(next.data(), dot(next.data(), other, columns), other, columns);
    }
    double length = std::sqrt(dot(next.data(), next.data(), columns));
    for (double &value : next)
      value /= length;
    for (int64_t i = 0; i < rows; ++i)
      subtract(row(i), dot(row(i), next.data(), columns), next.data(),
               columns);
    llvm::append_range(result.right, next);
    ++result.rank;
  }
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t k = 0; k < result.rank; ++k)
      result.left.push_back(dot(matrix.data() + i * columns,
                                result.right.data() + k * columns, columns));
  return result;
}
