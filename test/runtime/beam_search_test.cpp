// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Greedy and beam search by hand; test/python/test_generate.py compares all
// rules with another search.
#include "runtime/exec/beam_search.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

using namespace visir::runtime;
using ::testing::ElementsAre;

namespace {

// Logits are logarithms of probabilities that add up to 1.
std::vector<float> logitsOf(std::vector<float> shares) {
  for (float &share : shares)
    share = std::log(share);
  return shares;
}

std::vector<int64_t> bestOf(const BeamSearch &search, float *score) {
  uint32_t length = 0;
  const int64_t *tokens = search.best(&length, score);
  return {tokens, tokens + length};
}

SearchOptions optionsOf(uint32_t beams) {
  SearchOptions options;
  options.beams = beams;
  options.longest = 3;
  options.lengthPenalty = 0;
  options.end = 0;
  return options;
}

TEST(BeamSearchTest, GreedyTakesTheLikeliest) {
  BeamSearch search;
  ASSERT_TRUE(search.prepare(systemAllocator(), optionsOf(1)));
  int64_t prompt = 2;
  search.start(&prompt, 1);
  std::vector<float> logits = logitsOf({0.1f, 0.4f, 0.5f});
  EXPECT_TRUE(search.advance(logits.data(), 3));
  EXPECT_EQ(search.token(0), 2);
  logits = logitsOf({0.5f, 0.4f, 0.1f});
  EXPECT_FALSE(search.advance(logits.data(), 3));
  float score = 0;
  EXPECT_THAT(bestOf(search, &score), ElementsAre(2, 2, 0));
  EXPECT_NEAR(score, std::log(0.25), 1e-6);
}

// The likeliest first token has no likely second one.
TEST(BeamSearchTest, BeamsFindWhatGreedyMisses) {
  BeamSearch search;
  ASSERT_TRUE(search.prepare(systemAllocator(), optionsOf(2)));
  int64_t prompt = 1;
  search.start(&prompt, 1);
  std::vector<float> logits = logitsOf({0.02f, 0.38f, 0.6f});
  ASSERT_TRUE(search.advance(logits.data(), 3));
  ASSERT_EQ(search.living(), 2u);
  EXPECT_EQ(search.token(0), 2);
  EXPECT_EQ(search.token(1), 1);
  logits = logitsOf({0.2f, 0.4f, 0.4f, 0.05f, 0.05f, 0.9f});
  EXPECT_FALSE(search.advance(logits.data(), 3));
  EXPECT_EQ(search.parent(0), 1u);
  float score = 0;
  EXPECT_THAT(bestOf(search, &score), ElementsAre(1, 1, 2));
  EXPECT_NEAR(score, std::log(0.38 * 0.9), 1e-6);
  // The same object writes the next text.
  search.start(&prompt, 1);
  EXPECT_EQ(search.living(), 1u);
}

TEST(BeamSearchTest, WhatIsNoNumberEndsTheSearch) {
  for (uint32_t beams : {1, 2}) {
    BeamSearch search;
    ASSERT_TRUE(search.prepare(systemAllocator(), optionsOf(beams)));
    int64_t prompt = 1;
    search.start(&prompt, 1);
    std::vector<float> logits = {0, NAN, 1};
    EXPECT_FALSE(search.advance(logits.data(), 3));
    EXPECT_TRUE(search.isBroken());
  }
}

} // namespace
