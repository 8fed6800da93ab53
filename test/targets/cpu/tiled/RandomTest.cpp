// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shapes drawn at random from what networks have, so that tails, borders and
// register limits meet in combinations that nobody thought of.
//   VISIR_RANDOM_CASES and VISIR_RANDOM_SEED ask for more or other ones.
#include "test/targets/cpu/tiled/Shapes.h"
#include "test/targets/cpu/tiled/TiledRun.h"

#include "gtest/gtest.h"

#include <cstdlib>
#include <random>

using namespace visir::test;

namespace {

class Draw {
public:
  explicit Draw(int64_t salt)
      : random(unsigned(fromEnvironment("VISIR_RANDOM_SEED", 1) * 31 + salt)) {}
  static int64_t fromEnvironment(const char *name, int64_t fallback) {
    const char *text = getenv(name);
    return text ? atoll(text) : fallback;
  }
  static int64_t cases() { return fromEnvironment("VISIR_RANDOM_CASES", 2); }
  int64_t range(int64_t low, int64_t high) {
    return low + int64_t(random() % uint64_t(high - low + 1));
  }
  int64_t of(std::vector<int64_t> values) {
    return values[random() % values.size()];
  }
  ConvShape conv() {
    ConvShape s;
    s.n = of({1, 1, 2}), s.kh = of({1, 2, 3, 5, 7}),
    s.kw = of({1, 3, 5, 7, 11});
    s.stride = of({1, 1, 2, 4}), s.dilation = of({1, 1, 1, 2});
    s.pad = range(0, 1) * (std::min(s.kh, s.kw) / 2) * s.dilation;
    s.h = range(1, 12) + s.dilation * (s.kh - 1);
    s.w = range(1, 30) + s.dilation * (s.kw - 1);
    s.channelsLast = range(0, 3) != 0;
    s.tail = Tail(range(0, int64_t(Tail::Long)));
    return s;
  }

private:
  std::mt19937 random;
};

} // namespace

TEST(Random, Convolutions) {
  Draw draw(1);
  for (int64_t i = 0; i < Draw::cases(); ++i) {
    ConvShape s = draw.conv();
    s.ci = draw.of({1, 2, 3, 4, 7, 16, 17}), s.co = draw.range(3, 70);
    s.imageInput = s.ci < 4;
    expectTiled(convText(s), std::nullopt, 1, 5e-4);
    if (HasFailure())
      return;
  }
}

TEST(Random, Windows) {
  Draw draw(2);
  for (int64_t i = 0; i < Draw::cases(); ++i) {
    ConvShape s = draw.conv();
    s.ci = draw.range(2, 50), s.channelsLast = true;
    expectTiled(windowText(s, "depthwise"), std::nullopt, 1, 2e-4);
    if (HasFailure())
      return;
  }
}

TEST(Random, Attention) {
  Draw draw(3);
  for (int64_t i = 0; i < Draw::cases(); ++i) {
    AttentionShape s;
    s.batch = draw.range(1, 2), s.heads = draw.range(1, 3);
    s.m = draw.range(1, 60), s.n = draw.range(1, 60);
    s.d = draw.range(2, 40), s.e = draw.range(2, 40);
    s.mask = draw.range(0, 1), s.transposedKey = draw.range(0, 1);
    s.causal = draw.range(0, 3) == 0;
    expectTiled(attentionText(s), "attention", -1, 3e-4);
    if (HasFailure())
      return;
  }
}
