// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long two threads take to meet between two dispatches: the time of a
// chain of dispatches of two equal tiles each on two threads, less half of
// what one thread takes; and whether a few microseconds of work gain by two
// threads. Other work on the machine may take any run apart, so that only
// those count in which the process had as many processors as threads.
#include "test/runtime/support/runner.h"
#include "tools/common/statistics.h"

#include <cstdio>
#include <ctime>

using namespace visir::testing;
using visir::tools::quantile;

namespace {

constexpr uint32_t kDepth = 200;
// Runs that make a median, and the time to wait for them.
constexpr size_t kRuns = 40;
constexpr double kPatienceUs = 10e6;
// A virtual machine's processors may share a cache at one time and not at
// another: the best of some medians counts.
constexpr int kRounds = 5;
// Of the threads' processor time; the rest is what the system takes to wake a
// thread at the beginning of a run.
constexpr double kWholeShare = 0.9;

double microseconds(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e6 +
         static_cast<double>(now.tv_nsec) * 1e-3;
}

// Microseconds of a dispatch of `tiles` tiles, a value for each run that
// counts; fewer than kRuns when the machine has no time for the threads.
std::vector<double> measure(uint32_t threads, uint32_t tiles) {
  Runner runner(threads);
  visir_status_t status = runner.open(makeChain(tiles, kDepth).finish());
  EXPECT_EQ(status.code, VISIR_OK) << status.message;
  FloatTensor x(VISIR_F32, {tiles, 16}), y(VISIR_F32, {tiles, 16});
  std::vector<double> times;
  double start = microseconds(CLOCK_MONOTONIC), now = start;
  while (times.size() < kRuns && now - start < kPatienceUs) {
    double begin = microseconds(CLOCK_MONOTONIC);
    double processor = microseconds(CLOCK_PROCESS_CPUTIME_ID);
    status = runner.run(0, {x.view}, {y.view});
    processor = microseconds(CLOCK_PROCESS_CPUTIME_ID) - processor;
    now = microseconds(CLOCK_MONOTONIC);
    EXPECT_EQ(status.code, VISIR_OK) << status.message;
    if (processor >= kWholeShare * threads * (now - begin))
      times.push_back((now - begin) / kDepth);
  }
  return times;
}

class MeetingTest : public ::testing::Test {
protected:
  // Medians of dispatches of `tiles` tiles on one thread and on two. False
  // when there are none.
  bool measureBoth(uint32_t tiles) {
    std::vector<double> one = measure(1, tiles), two = measure(2, tiles);
    if (one.size() < kRuns || two.size() < kRuns)
      return false;
    alone = quantile(one, 0.5);
    together = quantile(two, 0.5);
    late = quantile(two, 0.9);
    return true;
  }
  double meeting() const { return together - alone / 2; }

  double alone = 0, together = 0, late = 0;
};

TEST_F(MeetingTest, TwoThreadsMeetWithinAMicrosecond) {
  constexpr double kMost = 1;
  double best = kMost + 1;
  for (int round = 0; round < kRounds && best > kMost; ++round) {
    if (!measureBoth(2))
      GTEST_SKIP() << "the machine has no two processors free";
    printf("a tile takes %.3f us; two threads meet in %.3f us (p50), %.3f "
           "(p90)\n",
           alone / 2, meeting(), late - alone / 2);
    best = std::min(best, meeting());
  }
  EXPECT_LE(best, kMost);
}

TEST_F(MeetingTest, FiveMicrosecondsGainByTwoThreads) {
  constexpr double kWork = 5, kMost = 0.8;
  std::vector<double> one = measure(1, 2);
  if (one.size() < kRuns)
    GTEST_SKIP() << "the machine has no processor free";
  uint32_t tiles = 2;
  while (quantile(one, 0.5) / 2 * tiles < kWork)
    tiles += 2;
  double best = kMost + 1;
  for (int round = 0; round < kRounds && best > kMost; ++round) {
    if (!measureBoth(tiles))
      GTEST_SKIP() << "the machine has no two processors free";
    printf("%.2f us of work take %.2f us on two threads\n", alone, together);
    best = std::min(best, together / alone);
  }
  EXPECT_LE(best, kMost);
}

} // namespace
