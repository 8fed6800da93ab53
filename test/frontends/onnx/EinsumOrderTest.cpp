// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/EinsumOrder.h"

#include "gtest/gtest.h"

using namespace visir::onnx;

namespace {

using Pairs = llvm::SmallVector<std::pair<unsigned, unsigned>>;

constexpr uint64_t b = 1, i = 2, r = 4, s = 8, o = 16;

/// An input, b i, and factors i r, r s and s o, all constants.
Pairs orderOf(llvm::ArrayRef<int64_t> sizes) {
  return einsumOrder(
      {{b | i, false}, {i | r, true}, {r | s, true}, {s | o, true}}, b | o,
      sizes);
}

TEST(EinsumOrderTest, ConstantsBecomeOneWhereTheyArePartOfTheCost) {
  // Rank 4: two products, the small factor in one of the large ones.
  Pairs pairs = orderOf({64, 512, 4, 4, 512});
  ASSERT_EQ(pairs.size(), 3u);
  // The input meets either factors 1 and 2 together, or 1 alone.
  EXPECT_TRUE(pairs == Pairs({{1, 2}, {0, 4}, {3, 5}}) ||
              pairs == Pairs({{0, 1}, {2, 3}, {4, 5}}))
      << pairs[0].first << pairs[0].second << pairs[1].first
      << pairs[1].second;
}

TEST(EinsumOrderTest, HighRanksBecomeOneMatrix) {
  Pairs pairs = orderOf({64, 48, 90, 90, 48});
  ASSERT_EQ(pairs.size(), 3u);
  // The last pair is the input and the product of all factors.
  EXPECT_EQ(pairs.back().first, 0u);
}

TEST(EinsumOrderTest, ConstantsThatGrowTooFarStayFactors) {
  // An outer product of two vectors of 4096, a thousand times as large.
  Pairs pairs = einsumOrder({{b | i, false}, {i, true}, {o, true}}, b | o,
                            {4, 4096, 1, 1, 4096});
  EXPECT_EQ(pairs, Pairs({{0, 1}, {2, 3}}));
}

TEST(EinsumOrderTest, TakesManyOperands) {
  llvm::SmallVector<EinsumOperand> chain;
  llvm::SmallVector<int64_t> sizes(13, 3);
  for (unsigned k = 0; k < 12; ++k)
    chain.push_back({uint64_t(3) << k, k > 0});
  Pairs pairs = einsumOrder(chain, 1 | uint64_t(1) << 12, sizes);
  EXPECT_EQ(pairs.size(), 11u);
}

} // namespace
