// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/plan/BufferPlan.h"
#include "compiler/plan/Dependencies.h"

#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <random>

using namespace visir;

namespace {

bool overlap(int64_t a, int64_t aEnd, int64_t b, int64_t bEnd) {
  return a < bEnd && b < aEnd;
}

TEST(BufferPlan, BuffersAliveTogetherDoNotOverlap) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<BufferLife> lives;
    for (int i = 0; i < 40; ++i) {
      int64_t first = random() % 60, bytes = 1 + random() % 5000;
      lives.push_back({bytes, first, first + int64_t(random() % 9)});
    }
    BufferPlan plan = planBuffers(lives);
    for (size_t i = 0; i < lives.size(); ++i) {
      EXPECT_EQ(plan.offsets[i] % kBufferAlignment, 0);
      EXPECT_LE(plan.offsets[i] + lives[i].bytes, plan.arenaBytes);
      for (size_t j = 0; j < i; ++j)
        if (overlap(lives[i].first, lives[i].last + 1, lives[j].first,
                    lives[j].last + 1)) {
          EXPECT_FALSE(overlap(plan.offsets[i],
                               plan.offsets[i] + lives[i].bytes,
                               plan.offsets[j],
                               plan.offsets[j] + lives[j].bytes));
        }
    }
  }
}

TEST(BufferPlan, MemoryIsUsedAgain) {
  BufferPlan plan = planBuffers({{1024, 0, 1}, {1024, 1, 2}, {1024, 2, 3}});
  EXPECT_EQ(plan.arenaBytes, 2048);
  EXPECT_EQ(plan.offsets[0], plan.offsets[2]);
}

TEST(BufferPlan, NothingTakesNothing) {
  EXPECT_EQ(planBuffers({}).arenaBytes, 0);
}

class DependenciesTest : public ::testing::Test {
protected:
  DependenciesTest() { context.loadDialect<exec::VisirExecDialect>(); }

  exec::RefAttr arena(int64_t offset, int64_t bytes) {
    return exec::RefAttr::get(&context, exec::BufferKind::Arena, 0, offset,
                              bytes);
  }
  exec::RefAttr input(int64_t index) {
    return exec::RefAttr::get(&context, exec::BufferKind::Input, index, 0, 64);
  }
  using List = llvm::SmallVector<int64_t>;
  mlir::MLIRContext context;
};

TEST_F(DependenciesTest, ReaderWaitsForWriter) {
  auto waits = commandDependencies({{{input(0)}, {arena(0, 64)}},
                                    {{arena(0, 64)}, {arena(64, 64)}}});
  EXPECT_EQ(waits[0], List{});
  EXPECT_EQ(waits[1], List{0});
}

TEST_F(DependenciesTest, WriterWaitsForReadersOfTheMemoryItReuses) {
  auto waits = commandDependencies({{{input(0)}, {arena(0, 64)}},
                                    {{arena(0, 64)}, {arena(64, 64)}},
                                    {{input(1)}, {arena(32, 64)}}});
  EXPECT_EQ(waits[2], List{1});
}

TEST_F(DependenciesTest, ImpliedOnesAreLeftOut) {
  auto waits = commandDependencies({{{input(0)}, {arena(0, 64)}},
                                    {{arena(0, 64)}, {arena(64, 64)}},
                                    {{arena(0, 64), arena(64, 64)},
                                     {arena(128, 64)}}});
  EXPECT_EQ(waits[2], List{1});
}

TEST_F(DependenciesTest, IndependentCommandsDoNotWait) {
  auto waits = commandDependencies({{{input(0)}, {arena(0, 64)}},
                                    {{input(0)}, {arena(64, 64)}},
                                    {{arena(0, 64), arena(64, 64)},
                                     {arena(128, 64)}}});
  EXPECT_EQ(waits[1], List{});
  EXPECT_EQ(waits[2], (List{0, 1}));
}

} // namespace
