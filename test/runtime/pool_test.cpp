// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/pool.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

using namespace visir::runtime;

namespace {

struct Counter {
  std::atomic<uint32_t> calls[8] = {};
};

void countCall(void *counter, uint32_t thread) {
  static_cast<Counter *>(counter)->calls[thread].fetch_add(1);
}

TEST(ForkJoinPoolTest, EveryThreadEntersEveryJobOnce) {
  for (uint32_t threads : {1u, 2u, 4u}) {
    ForkJoinPool pool;
    ASSERT_TRUE(pool.start(threads, systemAllocator()).ok());
    Counter counter;
    for (int i = 0; i < 200; ++i)
      pool.run(countCall, &counter);
    for (uint32_t t = 0; t < 8; ++t)
      EXPECT_EQ(counter.calls[t].load(), t < threads ? 200u : 0u);
  }
}

TEST(ForkJoinPoolTest, CallersOnSeveralThreadsTakeTurns) {
  ForkJoinPool pool;
  ASSERT_TRUE(pool.start(2, systemAllocator()).ok());
  Counter counter;
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        pool.run(countCall, &counter);
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(counter.calls[0].load(), 150u);
  EXPECT_EQ(counter.calls[1].load(), 150u);
}

TEST(ForkJoinPoolTest, WakesThreadsThatFellAsleep) {
  ForkJoinPool pool;
  ASSERT_TRUE(pool.start(2, systemAllocator()).ok());
  Counter counter;
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pool.run(countCall, &counter);
  }
  EXPECT_EQ(counter.calls[1].load(), 5u);
}

struct Relay {
  explicit Relay(uint32_t threads) : barrier(threads), threads(threads) {}
  Barrier barrier;
  uint32_t threads;
  // Written by one thread in each phase, read by all in the next.
  uint32_t value = 0;
  std::atomic<uint32_t> wrong{0};
};

void relay(void *opaque, uint32_t thread) {
  Relay &relay = *static_cast<Relay *>(opaque);
  for (uint32_t i = 0; i < 100; ++i) {
    if (i % relay.threads == thread)
      relay.value = i + 1;
    relay.barrier.wait();
    if (relay.value != i + 1)
      relay.wrong.fetch_add(1);
    relay.barrier.wait();
  }
}

TEST(BarrierTest, WritesBeforeItAreSeenAfterIt) {
  for (uint32_t threads : {2u, 4u}) {
    ForkJoinPool pool;
    ASSERT_TRUE(pool.start(threads, systemAllocator()).ok());
    Relay state(threads);
    pool.run(relay, &state);
    EXPECT_EQ(state.wrong.load(), 0u);
  }
}

} // namespace
