// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/pool.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

using namespace visir::runtime;

namespace {

struct Meeting {
  explicit Meeting(uint32_t expected) : expected(expected) {}
  const uint32_t expected; // threads that the caller waits for
  std::atomic<uint32_t> entered{0};
  std::atomic<uint32_t> calls[8] = {};
};

// The caller stays until all are there, so that none comes too late.
void meet(void *opaque, uint32_t thread) {
  Meeting &meeting = *static_cast<Meeting *>(opaque);
  meeting.calls[thread].fetch_add(1);
  meeting.entered.fetch_add(1);
  while (thread == 0 && meeting.entered.load() < meeting.expected)
    std::this_thread::yield();
}

TEST(ForkJoinPoolTest, EveryThreadCanEnter) {
  for (uint32_t threads : {1u, 2u, 4u}) {
    ForkJoinPool pool;
    ASSERT_TRUE(pool.start(threads, systemAllocator()).ok());
    EXPECT_EQ(pool.threadCount(), threads);
    for (int i = 0; i < 20; ++i) {
      Meeting meeting(threads);
      pool.run(meet, &meeting);
      EXPECT_EQ(meeting.calls[0].load(), 1u);
      uint32_t calls = 0;
      for (uint32_t t = 0; t < 8; ++t) {
        calls += meeting.calls[t].load();
        if (t >= threads)
          EXPECT_EQ(meeting.calls[t].load(), 0u);
      }
      EXPECT_GE(calls, threads);
    }
  }
}

TEST(ForkJoinPoolTest, NobodyIsInsideAfterwards) {
  ForkJoinPool pool;
  ASSERT_TRUE(pool.start(4, systemAllocator()).ok());
  for (int i = 0; i < 300; ++i) {
    struct Inside {
      std::atomic<int> now{0};
    } inside;
    pool.run(
        [](void *opaque, uint32_t) {
          auto &now = static_cast<Inside *>(opaque)->now;
          now.fetch_add(1);
          for (int spin = 0; spin < 100; ++spin)
            spinPause();
          now.fetch_sub(1);
        },
        &inside);
    ASSERT_EQ(inside.now.load(), 0);
  }
}

TEST(ForkJoinPoolTest, TheCallerDoesNotWaitForWhoDidNotCome) {
  ForkJoinPool pool;
  ASSERT_TRUE(pool.start(2, systemAllocator()).ok());
  for (int i = 0; i < 2000; ++i) {
    Meeting meeting(1);
    pool.run(meet, &meeting);
    EXPECT_EQ(meeting.calls[0].load(), 1u);
  }
}

TEST(ForkJoinPoolTest, CallersOnSeveralThreadsTakeTurns) {
  ForkJoinPool pool;
  ASSERT_TRUE(pool.start(2, systemAllocator()).ok());
  std::atomic<int> inside{0}, most{0};
  struct Use {
    std::atomic<int> &inside, &most;
  } use{inside, most};
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        pool.run(
            [](void *opaque, uint32_t thread) {
              Use &use = *static_cast<Use *>(opaque);
              if (thread != 0)
                return;
              int now = use.inside.fetch_add(1) + 1;
              if (now > use.most.load())
                use.most.store(now);
              use.inside.fetch_sub(1);
            },
            &use);
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(most.load(), 1);
}

TEST(ForkJoinPoolTest, WakesThreadsThatFellAsleep) {
  ForkJoinPool pool;
  ASSERT_TRUE(pool.start(2, systemAllocator()).ok());
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    Meeting meeting(2);
    pool.run(meet, &meeting);
    EXPECT_GE(meeting.calls[1].load(), 1u);
  }
}

TEST(WaitWordTest, WakesSleepers) {
  WaitWord word;
  std::thread waiter([&] { EXPECT_EQ(word.waitWhile(0, 1), 7u); });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  word.store(7);
  waiter.join();
  EXPECT_EQ(word.waitWhile(0, 1), 7u);
}

} // namespace
