// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints how long two threads take to meet between two dispatches: the time of
// a chain of dispatches of two equal tiles each on two threads, less half of
// what one thread takes. The machine should have two idle processors.
#include "test/runtime/support/runner.h"
#include "tools/common/statistics.h"

#include <chrono>
#include <cstdio>

using namespace visir::testing;

namespace {

constexpr uint32_t kDepth = 400;
constexpr int kRuns = 2000;

// Microseconds of each dispatch, one value for each run.
std::vector<double> measure(uint32_t threads) {
  Runner runner(threads);
  visir_status_t status = runner.open(makeChain(2, kDepth).finish());
  EXPECT_EQ(status.code, VISIR_OK) << status.message;
  FloatTensor x(VISIR_F32, {2, 16}), y(VISIR_F32, {2, 16});
  std::vector<double> times;
  for (int i = 0; i < kRuns; ++i) {
    auto begin = std::chrono::steady_clock::now();
    status = runner.run(0, {x.view}, {y.view});
    std::chrono::duration<double, std::micro> taken =
        std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(status.code, VISIR_OK) << status.message;
    times.push_back(taken.count() / kDepth);
  }
  return times;
}

} // namespace

int main() {
  using visir::tools::quantile;
  std::vector<double> one = measure(1), two = measure(2);
  double tile = quantile(one, 0.5) / 2;
  printf("a tile takes %.3f us; two threads meet in %.3f us (p50), %.3f (p90), "
         "%.3f (p99)\n",
         tile, quantile(two, 0.5) - tile, quantile(two, 0.9) - tile,
         quantile(two, 0.99) - tile);
  return ::testing::UnitTest::GetInstance()->Passed() ? 0 : 1;
}
