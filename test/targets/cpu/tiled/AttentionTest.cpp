// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/targets/cpu/tiled/Shapes.h"
#include "test/targets/cpu/tiled/TiledRun.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "gtest/gtest.h"

using namespace visir::test;

static void attention(const AttentionShape &shape) {
  // Scores reach 4 * 4 * d / 4 and their rounding moves the exponentials.
  expectTiled(attentionText(shape), "attention", -1, 1e-4);
}

TEST(Attention, Heads) {
  AttentionShape s;
  for (int64_t n : {16, 49, 50})
    for (int64_t d : {32, 36}) {
      s.m = s.n = n, s.d = s.e = d;
      attention(s);
    }
}

TEST(Attention, PackedTokens) {
  AttentionShape s;
  s.batch = 2, s.heads = 3, s.m = s.n = 37, s.d = s.e = 20, s.packed = true;
  attention(s);
}

TEST(Attention, Cross) {
  AttentionShape s;
  s.m = 5, s.n = 77, s.d = 16, s.e = 24;
  attention(s);
  s.m = 1;
  attention(s);
  s.n = 3;
  attention(s);
}

TEST(Attention, Mask) {
  AttentionShape s;
  s.m = s.n = 49, s.d = s.e = 32, s.mask = true;
  attention(s);
}

TEST(Attention, MasksThatAreReadOnceAreFetchedAhead) {
  AttentionShape s;
  s.m = s.n = 49, s.d = s.e = 32, s.mask = true;
  auto fetches = [&] {
    unsigned count = 0;
    emitTiled(attentionText(s), -1)->walk([&](mlir::memref::PrefetchOp) {
      ++count;
    });
    return count;
  };
  EXPECT_GT(fetches(), 0u);
  // The heads' masks are the same for all of the batch.
  s.batch = 3;
  EXPECT_EQ(fetches(), 0u);
}

TEST(Attention, Causal) {
  AttentionShape s;
  s.m = s.n = 77, s.d = s.e = 16, s.causal = true;
  attention(s);
  s.m = s.n = 20;
  attention(s);
  s.m = s.n = 64, s.mask = true;
  attention(s);
}

TEST(Attention, TransposedKeys) {
  AttentionShape s;
  s.m = 20, s.n = 50, s.d = s.e = 16, s.transposedKey = true;
  attention(s);
}

// Queries of all heads are one run of rows, but positions start anew.
TEST(Attention, SharedKeys) {
  AttentionShape s;
  s.batch = 2, s.heads = 3, s.m = 13, s.n = 21, s.d = s.e = 16;
  s.shared = true;
  attention(s);
  s.causal = true;
  attention(s);
  s.m = 1;
  attention(s);
}
