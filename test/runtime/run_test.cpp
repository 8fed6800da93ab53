// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Real machine code through the whole runtime.
#include "test/runtime/support/runner.h"

#include <gmock/gmock.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using namespace visir::testing;
using ::testing::HasSubstr;

namespace {

class RunTest : public ::testing::TestWithParam<uint32_t> {};

TEST_P(RunTest, SampleComputesAndKeepsState) {
  Runner runner(GetParam());
  visir_status_t status = runner.open(makeSample().finish());
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  for (int run = 1; run <= 5; ++run) {
    SampleTensors tensors;
    status = tensors.run(runner);
    ASSERT_EQ(status.code, VISIR_OK) << status.message;
    tensors.expectResults(run);
  }
  FloatTensor w(VISIR_F32, {16});
  ASSERT_EQ(runner.run(1, {}, {w.view}).code, VISIR_OK);
  EXPECT_EQ(w[7], 5.0f + 3 * 4 * 5);
  visir_session_reset(runner.session);
  ASSERT_EQ(runner.run(1, {}, {w.view}).code, VISIR_OK);
  EXPECT_EQ(w[7], 5.0f);
}

TEST_P(RunTest, UnalignedTensorsAreStaged) {
  Runner runner(GetParam());
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  SampleTensors tensors(4, 8);
  visir_status_t status = tensors.run(runner);
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  tensors.expectResults();
}

TEST_P(RunTest, SymbolsTakeTheirValueFromTheInputs) {
  Runner runner(GetParam());
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  SampleTensors tensors(2);
  visir_status_t status = tensors.run(runner);
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  tensors.expectResults();
}

// The bits do not depend on threads, on the pool, or on the run.
TEST(DeterminismTest, ThreadsGiveTheSameBits) {
  const uint32_t tiles = 37, depth = 20;
  Bytes artifact = makeChain(tiles, depth).finish();
  std::vector<float> expected;
  for (uint32_t threads : {1u, 2u, 3u, 4u}) {
    Runner runner(threads);
    ASSERT_EQ(runner.open(artifact).code, VISIR_OK);
    FloatTensor x(VISIR_F32, {tiles, 16}), y(VISIR_F32, {tiles, 16});
    for (size_t i = 0; i < x.size; ++i)
      x[i] = 1.0f / static_cast<float>(i + 1);
    for (int run = 0; run < 20; ++run) {
      memset(y.values, 0, y.size * sizeof(float));
      ASSERT_EQ(runner.run(0, {x.view}, {y.view}).code, VISIR_OK);
      if (expected.empty())
        expected.assign(y.values, y.values + y.size);
      ASSERT_EQ(memcmp(expected.data(), y.values, y.size * sizeof(float)), 0)
          << threads << " threads, run " << run;
    }
  }
  EXPECT_GT(expected[0], 0.0f);
}

INSTANTIATE_TEST_SUITE_P(Threads, RunTest, ::testing::Values(1u, 2u, 4u));

class FileTest : public ::testing::TestWithParam<uint32_t> {};

TEST_P(FileTest, MapsOrCopies) {
  std::string path = ::testing::TempDir() + "visir_file_test_" +
                     std::to_string(GetParam()) + ".visir";
  Bytes artifact = makeSample().finish();
  FILE *file = fopen(path.c_str(), "wb");
  ASSERT_TRUE(file);
  ASSERT_EQ(fwrite(artifact.data(), 1, artifact.size(), file), artifact.size());
  fclose(file);
  Runner runner(2);
  visir_module_options_t options = {sizeof(options), GetParam(), nullptr,
                                    nullptr};
  visir_status_t status = visir_module_open_file(runner.context, path.c_str(),
                                                 &options, &runner.module);
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  remove(path.c_str());
  ASSERT_EQ(visir_session_create(runner.module, nullptr, &runner.session).code,
            VISIR_OK);
  visir_session_warmup(runner.session);
  SampleTensors tensors;
  ASSERT_EQ(tensors.run(runner).code, VISIR_OK);
  tensors.expectResults();
}

INSTANTIATE_TEST_SUITE_P(Flags, FileTest,
                         ::testing::Values(0u, VISIR_MODULE_VERIFY_FULL,
                                           VISIR_MODULE_COPY_CODE,
                                           VISIR_MODULE_COPY_CONSTANTS,
                                           VISIR_MODULE_VERIFY_FULL |
                                               VISIR_MODULE_COPY_CODE |
                                               VISIR_MODULE_COPY_CONSTANTS));

TEST(FileTest, Missing) {
  Runner runner;
  visir_status_t status = visir_module_open_file(
      runner.context, "/no/such.visir", nullptr, &runner.module);
  EXPECT_EQ(status.code, VISIR_NOT_FOUND);
  EXPECT_STREQ(status.message, "cannot open \"/no/such.visir\": no such file");
  EXPECT_EQ(runner.module, nullptr);
  status = visir_module_open_file(runner.context, "/", nullptr, &runner.module);
  EXPECT_EQ(status.code, VISIR_INVALID_ARGUMENT);
  EXPECT_STREQ(status.message, "\"/\" is not a regular file");
}

// Refused at once, though nobody writes to it.
TEST(FileTest, Pipe) {
  Runner runner;
  std::string path = ::testing::TempDir() + "pipe.visir";
  unlink(path.c_str());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  visir_status_t status = visir_module_open_file(runner.context, path.c_str(),
                                                 nullptr, &runner.module);
  EXPECT_EQ(status.code, VISIR_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("is not a regular file"));
  unlink(path.c_str());
}

TEST(DigestTest, CodeAlwaysConstantsOnRequest) {
  Bytes artifact = makeSample().finish();
  Bytes code = artifact, constants = artifact;
  code[65536] ^= 1;
  constants[131072] ^= 1;
  {
    Runner runner;
    visir_status_t status = runner.open(code);
    EXPECT_EQ(status.code, VISIR_DIGEST_MISMATCH);
    EXPECT_THAT(status.message, HasSubstr("digest of section 0 is "));
  }
  {
    Runner runner;
    EXPECT_EQ(runner.open(constants).code, VISIR_OK);
    EXPECT_EQ(visir_module_verify_digests(runner.module).code,
              VISIR_DIGEST_MISMATCH);
  }
  Runner runner;
  visir_status_t status = runner.open(constants, VISIR_MODULE_VERIFY_FULL);
  EXPECT_EQ(status.code, VISIR_DIGEST_MISMATCH);
  EXPECT_THAT(status.message, HasSubstr("digest of section 1 is "));
}

// A pool that runs its tasks one after the other, backwards.
struct SerialPool {
  uint32_t calls = 0;
  static void parallelFor(void *user, uint32_t count,
                          void (*task)(void *, uint32_t), void *argument) {
    ++static_cast<SerialPool *>(user)->calls;
    for (uint32_t i = count; i-- > 0;)
      task(argument, i);
  }
};

TEST(UserPoolTest, NeedsNoConcurrency) {
  SerialPool serial;
  visir_thread_pool_t pool = {SerialPool::parallelFor, &serial, 3};
  visir_context_options_t options = {};
  options.struct_bytes = sizeof(options);
  options.thread_pool = &pool;
  Runner runner(options);
  EXPECT_EQ(visir_context_thread_count(runner.context), 3u);
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  for (int run = 1; run <= 3; ++run) {
    SampleTensors tensors;
    ASSERT_EQ(tensors.run(runner).code, VISIR_OK);
    tensors.expectResults(run);
  }
  // Two dispatches; one tile is not worth a call.
  EXPECT_EQ(serial.calls, 3u * 2);
}

TEST(KernelTest, SeesTheThreadCount) {
  Runner runner(3);
  TestTensor<uint32_t> y(VISIR_F32, {16});
  ASSERT_EQ(runner.open(makeSingle("thread_count", 4).finish()).code, VISIR_OK);
  ASSERT_EQ(runner.run(0, {}, {y.view}).code, VISIR_OK);
  EXPECT_EQ(y[0], 3u);
}

// Nothing to share: the other threads are left asleep.
TEST(KernelTest, RunsAloneWithoutTilesToShare) {
  Runner runner(3);
  TestTensor<uint32_t> y(VISIR_F32, {16});
  ASSERT_EQ(runner.open(makeSingle("thread_count", 1).finish()).code, VISIR_OK);
  ASSERT_EQ(runner.run(0, {}, {y.view}).code, VISIR_OK);
  EXPECT_EQ(y[0], 1u);
}

TEST(KernelTest, FailureNamesCommandAndNode) {
  for (uint32_t threads : {1u, 2u, 4u}) {
    Runner runner(threads);
    ASSERT_EQ(runner.open(makeSingle("fail", 9).finish()).code, VISIR_OK);
    FloatTensor y(VISIR_F32, {16});
    for (int run = 0; run < 3; ++run) {
      visir_status_t status = runner.run(0, {}, {y.view});
      EXPECT_EQ(status.code, VISIR_KERNEL_FAILED);
      EXPECT_STREQ(status.message,
                   "command 0 (fail, node \"/node\") returned 3, expected 0");
    }
  }
}

#if defined(__x86_64__)
TEST(FloatingPointTest, StateIsSetForKernelsAndRestored) {
  Runner runner(2);
  ASSERT_EQ(runner.open(makeChain(2, 1).finish()).code, VISIR_OK);
  FloatTensor x(VISIR_F32, {2, 16}), y(VISIR_F32, {2, 16});
  for (size_t i = 0; i < x.size; ++i)
    x[i] = 1e-40f; // denormal: flushed to zero unless the runtime forbids it
  uint32_t flushing = _mm_getcsr() | 0x8040;
  uint32_t before = _mm_getcsr();
  _mm_setcsr(flushing);
  visir_status_t status = runner.run(0, {x.view}, {y.view});
  uint32_t after = _mm_getcsr();
  _mm_setcsr(before);
  ASSERT_EQ(status.code, VISIR_OK);
  EXPECT_EQ(after & 0xffc0, flushing & 0xffc0);
  uint32_t bits;
  for (size_t i = 0; i < y.size; ++i) {
    memcpy(&bits, &y[i], sizeof(bits));
    EXPECT_NE(bits, 0u) << i;
  }
}
#endif

TEST(ProfileTest, TimesEveryCommand) {
  for (uint32_t threads : {1u, 2u}) {
    Runner runner(threads);
    ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
    visir_profile_t profile;
    SampleTensors tensors;
    ASSERT_EQ(tensors.run(runner).code, VISIR_OK);
    visir_session_profile(runner.session, &profile);
    EXPECT_EQ(profile.command_count, 0u);
    EXPECT_GT(profile.total_ns, 0u);
    visir_session_set_profiling(runner.session, 1);
    ASSERT_EQ(tensors.run(runner).code, VISIR_OK);
    tensors.expectResults(2);
    visir_session_profile(runner.session, &profile);
    ASSERT_EQ(profile.command_count, 6u);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 6; ++i) {
      sum += profile.command_ns[i];
      if (i > 0)
        EXPECT_GE(profile.start_ns[i],
                  profile.start_ns[i - 1] + profile.command_ns[i - 1]);
    }
    EXPECT_LE(sum, profile.total_ns);
  }
}

TEST(CancelTest, StopsARunFromAnotherThread) {
  for (uint32_t threads : {1u, 2u}) {
    Runner runner(threads);
    ASSERT_EQ(runner.open(makeChain(64, 500).finish()).code, VISIR_OK);
    FloatTensor x(VISIR_F32, {64, 16}), y(VISIR_F32, {64, 16});
    std::atomic<bool> done{false};
    std::thread other([&] {
      while (!done.load())
        visir_session_cancel(runner.session);
    });
    visir_status_t status = runner.run(0, {x.view}, {y.view});
    done.store(true);
    other.join();
    EXPECT_EQ(status.code, VISIR_CANCELLED);
    EXPECT_STREQ(status.message, "run was cancelled");
    // The session is sound afterwards.
    EXPECT_EQ(runner.run(0, {x.view}, {y.view}).code, VISIR_OK);
  }
}

TEST(BusyTest, OneRunAtATime) {
  Runner runner(1);
  ASSERT_EQ(runner.open(makeChain(64, 500).finish()).code, VISIR_OK);
  std::atomic<int> busy{0}, fine{0};
  auto run = [&] {
    FloatTensor x(VISIR_F32, {64, 16}), y(VISIR_F32, {64, 16});
    visir_status_t status = runner.run(0, {x.view}, {y.view});
    if (status.code == VISIR_BUSY) {
      EXPECT_STREQ(status.message,
                   "session is running, expected one run at a time");
      ++busy;
    }
    fine += status.code == VISIR_OK;
  };
  std::thread first(run), second(run);
  first.join();
  second.join();
  EXPECT_EQ(busy + fine, 2);
  EXPECT_GE(fine.load(), 1);
}

} // namespace
