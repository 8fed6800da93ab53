// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the runtime's threads mean to the rest of a process: none of its time
// between runs, no harm to a child that fork made, nor to other threads.
#include "test/runtime/support/runner.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

using namespace visir::testing;

namespace {

constexpr uint32_t kTiles = 16, kDepth = 50;

// Runs a chain of dispatches and knows its right result.
class Chain {
public:
  explicit Chain(uint32_t threads)
      : runner(threads), x(VISIR_F32, {kTiles, 16}),
        y(VISIR_F32, {kTiles, 16}) {
    visir_status_t status = runner.open(makeChain(kTiles, kDepth).finish());
    EXPECT_EQ(status.code, VISIR_OK) << status.message;
    for (size_t i = 0; i < x.size; ++i)
      x[i] = 1.0f / static_cast<float>(i + 1);
    EXPECT_TRUE(run());
    expected.assign(y.values, y.values + y.size);
    EXPECT_GT(expected[0], 0.0f);
  }

  // Whether a run succeeds with the same bits as the first.
  bool run() {
    memset(y.values, 0, y.size * sizeof(float));
    bool ok = runner.run(0, {x.view}, {y.view}).code == VISIR_OK;
    return ok && (expected.empty() ||
                  memcmp(expected.data(), y.values,
                         y.size * sizeof(float)) == 0);
  }

  Runner runner;

private:
  FloatTensor x, y;
  std::vector<float> expected;
};

double processSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) * 1e-9;
}

TEST(ProcessTest, IdleThreadsTakeNoTime) {
  Chain chain(4);
  ASSERT_TRUE(chain.run());
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  double before = processSeconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  // The call that sleeps takes some, too; one spinning thread would take 0.2.
  EXPECT_LT(processSeconds() - before, 0.002);
}

// Calls `work` in a child and expects it to be true within some seconds.
template <typename Work> void expectInChild(Work work) {
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(30);
    _exit(work() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ProcessTest, ChildrenOfForkRunAlone) {
  auto chain = std::make_unique<Chain>(4);
  expectInChild([&] {
    for (int i = 0; i < 20; ++i)
      if (!chain->run())
        return false;
    chain.reset(); // does not wait for threads that stayed behind
    return true;
  });
  EXPECT_TRUE(chain->run());
}

TEST(ProcessTest, ForkWhileAnotherThreadRuns) {
  Chain chain(2);
  // Its own session, in the same context.
  visir_session_t *other = nullptr;
  ASSERT_EQ(visir_session_create(chain.runner.module, nullptr, &other).code,
            VISIR_OK);
  std::atomic<bool> done{false};
  std::thread busy([&] {
    FloatTensor x(VISIR_F32, {kTiles, 16}), y(VISIR_F32, {kTiles, 16});
    while (!done.load())
      EXPECT_EQ(visir_run(other, 0, &x.view, 1, &y.view, 1).code, VISIR_OK);
  });
  for (int i = 0; i < 10; ++i)
    expectInChild([&] { return chain.run(); });
  done.store(true);
  busy.join();
  visir_session_release(other);
}

TEST(ProcessTest, RunsBesideBusyThreads) {
  Chain chain(2);
  std::atomic<bool> done{false};
  std::vector<std::thread> others;
  for (uint32_t i = 0; i < 2 * std::thread::hardware_concurrency(); ++i)
    others.emplace_back([&] {
      while (!done.load(std::memory_order_relaxed))
        ;
    });
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(chain.run());
  done.store(true);
  for (std::thread &other : others)
    other.join();
}

TEST(ProcessTest, PoolsRunSideBySide) {
  Chain first(3), second(2);
  std::thread other([&] {
    for (int i = 0; i < 30; ++i)
      EXPECT_TRUE(second.run());
  });
  for (int i = 0; i < 30; ++i)
    EXPECT_TRUE(first.run());
  other.join();
}

} // namespace
