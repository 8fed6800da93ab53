// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/StridedBox.h"

#include "gtest/gtest.h"

#include <map>
#include <numeric>
#include <random>

using namespace visir;
using llvm::ArrayRef;
using llvm::SmallVector;
using Ints = SmallVector<int64_t>;

static int64_t product(ArrayRef<int64_t> values) {
  return std::accumulate(values.begin(), values.end(), int64_t(1),
                         std::multiplies<int64_t>());
}

/// The coordinates that an access reaches at point number `point`.
static Ints at(const LinearAccess &access, ArrayRef<int64_t> sizes,
               int64_t point) {
  Ints coordinates(access.offsets);
  for (size_t i = sizes.size(); i-- > 0; point /= sizes[i])
    for (unsigned j = 0; j < access.rank(); ++j)
      coordinates[j] += access.coefficients[j][i] * (point % sizes[i]);
  return coordinates;
}

static int64_t flatten(ArrayRef<int64_t> coordinates, ArrayRef<int64_t> shape) {
  int64_t flat = 0;
  for (auto [coordinate, size] : llvm::zip_equal(coordinates, shape)) {
    EXPECT_GE(coordinate, 0);
    EXPECT_LT(coordinate, size);
    flat = flat * size + coordinate;
  }
  return flat;
}

/// Checks at every point that the reshaped access reaches the same element.
static void expectSameElements(ArrayRef<int64_t> sizes,
                               const LinearAccess &access,
                               ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                               const ReshapedAccess &reshaped) {
  Ints refined = refineSizes(reshaped.factors);
  ASSERT_EQ(product(refined), product(sizes));
  for (int64_t p = 0, e = product(sizes); p < e; ++p)
    ASSERT_EQ(flatten(at(access, sizes, p), from),
              flatten(at(reshaped.access, refined, p), to));
}

static LinearAccess access(std::initializer_list<Ints> rows, Ints offsets) {
  LinearAccess result;
  result.coefficients.assign(rows.begin(), rows.end());
  result.offsets = offsets;
  return result;
}

TEST(ComposeReshape, SplitsADimension) {
  auto result =
      composeReshape({4, 6}, LinearAccess::identity(2), {4, 6}, {4, 2, 3});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->factors, (DimFactors{{4}, {2, 3}}));
  EXPECT_EQ(result->access, LinearAccess::identity(3));
}

TEST(ComposeReshape, JoinsDimensionsWithoutSplitting) {
  auto result =
      composeReshape({2, 3, 5}, LinearAccess::identity(3), {2, 3, 5}, {6, 5});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->factors, (DimFactors{{2}, {3}, {5}}));
  EXPECT_EQ(result->access, access({{3, 1, 0}, {0, 0, 1}}, {0, 0}));
}

TEST(ComposeReshape, FollowsAStridedSample) {
  // Every second row and column of 6 x 8, seen as tokens.
  auto sample = access({{2, 0}, {0, 2}}, {0, 0});
  auto result = composeReshape({3, 4}, sample, {6, 8}, {48});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->access, access({{16, 2}}, {0}));
  auto back = composeReshape({3, 4}, result->access, {48}, {6, 8});
  ASSERT_TRUE(back);
  EXPECT_EQ(back->access, sample);
}

TEST(ComposeReshape, ReversedDimension) {
  auto reversed = access({{-1}}, {11});
  auto result = composeReshape({12}, reversed, {12}, {3, 4});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->factors, (DimFactors{{3, 4}}));
  EXPECT_EQ(result->access, access({{-1, 0}, {0, -1}}, {2, 3}));
}

TEST(ComposeReshape, KeepsPaddedCoordinates) {
  // A window over the rows reaches outside; only the channels are split.
  auto window = access({{1, 1, 0}, {0, 0, 1}}, {-1, 0});
  auto result = composeReshape({5, 3, 6}, window, {5, 6}, {5, 1, 2, 3});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->access,
            access({{1, 1, 0, 0}, {0, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}},
                   {-1, 0, 0, 0}));
  EXPECT_FALSE(composeReshape({5, 3, 6}, window, {5, 6}, {30}));
}

TEST(ComposeReshape, RefusesWhatIsNotLinear) {
  auto shifted = access({{1}}, {1});
  EXPECT_FALSE(composeReshape({5}, shifted, {6}, {2, 3}));
  EXPECT_FALSE(
      composeReshape({6, 4}, LinearAccess::identity(2), {6, 4}, {4, 6}));
  auto overlapping = access({{1, 1}}, {0});
  EXPECT_FALSE(composeReshape({4, 3}, overlapping, {6}, {2, 3}));
}

TEST(ComposeReshape, DomainDimensionUsedTwice) {
  auto diagonal = access({{1}, {1}}, {0, 0});
  auto result = composeReshape({6}, diagonal, {6, 6}, {2, 3, 3, 2});
  ASSERT_FALSE(result);
  result = composeReshape({6}, diagonal, {6, 6}, {2, 3, 2, 3});
  ASSERT_TRUE(result);
  expectSameElements({6}, diagonal, {6, 6}, {2, 3, 2, 3}, *result);
}

/// A random factorisation of `count` into `rank` sizes.
static Ints randomShape(std::mt19937 &random, int64_t count, unsigned rank) {
  Ints shape(rank, 1);
  for (int64_t prime = 2; count > 1; ++prime)
    for (; count % prime == 0; count /= prime)
      shape[random() % rank] *= prime;
  return shape;
}

TEST(ComposeReshape, RandomShapesAgreeElementByElement) {
  std::mt19937 random(7);
  unsigned found = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    const int64_t counts[] = {24, 36, 64, 210, 360};
    int64_t count = counts[random() % 5];
    Ints from = randomShape(random, count, 1 + random() % 4);
    Ints to = randomShape(random, count, 1 + random() % 4);
    // A strided, possibly reversed block of the tensor, dimensions permuted.
    Ints order(from.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    Ints sizes(from.size());
    LinearAccess block = LinearAccess::zero(from.size(), from.size());
    for (auto [i, j] : llvm::enumerate(order)) {
      int64_t step = random() % 4 == 0 ? 2 : 1;
      sizes[i] = std::max<int64_t>(1, from[j] / step);
      bool reversed = random() % 4 == 0;
      block.coefficients[j][i] = reversed ? -step : step;
      block.offsets[j] = reversed ? (sizes[i] - 1) * step : 0;
    }
    auto result = composeReshape(sizes, block, from, to);
    if (!result)
      continue;
    ++found;
    expectSameElements(sizes, block, from, to, *result);
  }
  EXPECT_GT(found, 1000u);
}

TEST(ReshapeBox, CutsARolledDimensionIntoWindows) {
  // The first 53 of 56 rows, in windows of 7: 7 whole ones and 4 rows.
  StridedBox box{{53}, {access({{1}}, {0}), access({{1}}, {3})}};
  auto boxes = reshapeBox(box, 0, {56}, {8, 7}, 8);
  ASSERT_TRUE(boxes);
  ASSERT_EQ(boxes->size(), 2u);
  EXPECT_FALSE(reshapeBox(box, 0, {56}, {8, 7}, 1));
}

TEST(ReshapeBox, CutsCoverEachPointOnce) {
  std::mt19937 random(11);
  unsigned found = 0;
  for (int trial = 0; trial < 2000; ++trial) {
    Ints from = randomShape(random, 120, 1 + random() % 3);
    Ints to = randomShape(random, 120, 1 + random() % 4);
    StridedBox box;
    LinearAccess block = LinearAccess::zero(from.size(), from.size());
    for (unsigned j = 0; j < from.size(); ++j) {
      box.sizes.push_back(1 + random() % from[j]);
      block.coefficients[j][j] = 1;
      block.offsets[j] = random() % (from[j] - box.sizes[j] + 1);
      if (random() % 4 == 0) {
        block.offsets[j] += box.sizes[j] - 1;
        block.coefficients[j][j] = -1;
      }
    }
    box.accesses = {block, LinearAccess::identity(from.size())};
    auto boxes = reshapeBox(box, 0, from, to, 64);
    if (!boxes)
      continue;
    ++found;
    std::map<Ints, int64_t> element;
    for (int64_t p = 0, e = box.numPoints(); p < e; ++p)
      element[at(box.accesses[1], box.sizes, p)] =
          flatten(at(block, box.sizes, p), from);
    for (const StridedBox &piece : *boxes)
      for (int64_t p = 0, e = piece.numPoints(); p < e; ++p) {
        auto it = element.find(at(piece.accesses[1], piece.sizes, p));
        ASSERT_NE(it, element.end());
        ASSERT_EQ(it->second,
                  flatten(at(piece.accesses[0], piece.sizes, p), to));
        element.erase(it);
      }
    ASSERT_TRUE(element.empty());
  }
  EXPECT_GT(found, 1500u);
}

TEST(StridedBox, CanonicalFormMergesAndSorts) {
  StridedBox box{{4, 1, 2, 3},
                 {access({{0, 5, 3, 1}, {1, 9, 0, 0}}, {0, 0}),
                  access({{0, 1, 6, 2}}, {7})}};
  box.canonicalize({6, 4});
  EXPECT_EQ(box.sizes, (Ints{6, 4}));
  EXPECT_EQ(box.accesses[0], LinearAccess::identity(2));
  EXPECT_EQ(box.accesses[1], access({{2, 0}}, {7}));
}

TEST(RefineAccess, SplitsCoefficients) {
  auto refined = refineAccess(access({{5, 1}}, {2}), {{2, 3}, {4}});
  EXPECT_EQ(refined, access({{15, 5, 1}}, {2}));
}
