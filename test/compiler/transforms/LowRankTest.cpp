// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/LowRank.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace visir;

namespace {

std::vector<double> draw(std::mt19937 &rng, int64_t count) {
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double &value : values)
    value = normal(rng);
  return values;
}

std::vector<double> product(const std::vector<double> &a,
                            const std::vector<double> &b, int64_t rows,
                            int64_t inner, int64_t columns) {
  std::vector<double> result(rows * columns, 0);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t k = 0; k < inner; ++k)
      for (int64_t j = 0; j < columns; ++j)
        result[i * columns + j] += a[i * inner + k] * b[k * columns + j];
  return result;
}

/// A matrix of rank `rank`, its elements rounded to floats.
std::vector<double> ofRank(std::mt19937 &rng, int64_t rows, int64_t columns,
                           int64_t rank) {
  auto matrix = product(draw(rng, rows * rank), draw(rng, rank * columns),
                        rows, rank, columns);
  for (double &value : matrix)
    value = double(float(value));
  return matrix;
}

double largestOf(const std::vector<double> &values) {
  double largest = 0;
  for (double value : values)
    largest = std::max(largest, std::abs(value));
  return largest;
}

TEST(LowRankTest, FindsTheRankOfRoundedProducts) {
  std::mt19937 rng(1);
  for (auto [rows, columns, rank] :
       {std::tuple(24, 90, 1), std::tuple(40, 40, 9), std::tuple(64, 33, 20),
        std::tuple(33, 300, 16)}) {
    auto matrix = ofRank(rng, rows, columns, rank);
    auto factors = lowRankOf(matrix, rows, columns, rank);
    ASSERT_TRUE(factors) << rows << " x " << columns;
    EXPECT_EQ(factors->rank, rank);
    auto again = product(factors->left, factors->right, rows, rank, columns);
    for (size_t i = 0; i < again.size(); ++i)
      again[i] -= matrix[i];
    EXPECT_LT(largestOf(again), 0x1p-22 * largestOf(matrix));
  }
}

TEST(LowRankTest, RowsOfTheRightFactorAreOrthonormal) {
  std::mt19937 rng(2);
  auto factors = lowRankOf(ofRank(rng, 50, 70, 12), 50, 70, 20);
  ASSERT_TRUE(factors);
  for (int64_t a = 0; a < factors->rank; ++a)
    for (int64_t b = 0; b < factors->rank; ++b) {
      double sum = 0;
      for (int64_t j = 0; j < 70; ++j)
        sum += factors->right[a * 70 + j] * factors->right[b * 70 + j];
      EXPECT_NEAR(sum, a == b ? 1 : 0, 1e-12);
    }
}

TEST(LowRankTest, MoreIsNothing) {
  std::mt19937 rng(3);
  EXPECT_FALSE(lowRankOf(ofRank(rng, 40, 60, 13), 40, 60, 12));
  EXPECT_FALSE(lowRankOf(draw(rng, 40 * 60), 40, 60, 20));
  EXPECT_FALSE(lowRankOf(std::vector<double>(40 * 60, 0), 40, 60, 20));
  // A full matrix whose far part is singular.
  auto matrix = draw(rng, 40 * 60);
  for (int64_t i = 0; i < 40; i += 2)
    for (int64_t j = 0; j < 60; ++j)
      matrix[i * 60 + j] = matrix[j];
  EXPECT_FALSE(lowRankOf(matrix, 40, 60, 20));
}

TEST(LowRankTest, ATenThousandthBesideIsNothing) {
  std::mt19937 rng(4);
  auto matrix = ofRank(rng, 40, 60, 8);
  auto noise = draw(rng, 40 * 60);
  for (size_t i = 0; i < matrix.size(); ++i)
    matrix[i] += 1e-4 * noise[i];
  EXPECT_FALSE(lowRankOf(matrix, 40, 60, 20));
}

} // namespace
