// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "test/runtime/conformance/conformance.h"

#include <gmock/gmock.h>

namespace visir::testing {

using ::testing::StartsWith;

void checkSampleRuns(MoveToDevice move, const char *kind) {
  Runner runner;
  visir_status_t status = runner.open(move(makeSample()).finish());
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  EXPECT_THAT(visir_module_device(runner.module), StartsWith(kind));
  EXPECT_GT(visir_session_memory_bytes(runner.session), 1024u);
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

void checkScalars(MoveToDevice move) {
  Runner runner;
  ASSERT_EQ(runner.open(move(makeSample()).finish()).code, VISIR_OK);
  SampleTensors two(2, 8), four(4);
  ASSERT_EQ(two.run(runner).code, VISIR_OK);
  two.expectResults();
  ASSERT_EQ(four.run(runner).code, VISIR_OK);
  FloatTensor w(VISIR_F32, {16});
  ASSERT_EQ(runner.run(1, {}, {w.view}).code, VISIR_OK);
  EXPECT_EQ(w[3], 5.0f + 3 * 2 + 3 * 4);
}

void checkStates(MoveToDevice move) {
  Runner runner;
  ASSERT_EQ(runner.open(move(makeSample()).finish()).code, VISIR_OK);
  void *data = nullptr;
  uint64_t bytes = 0;
  ASSERT_EQ(visir_session_state(runner.session, "count", &data, &bytes).code,
            VISIR_OK);
  ASSERT_EQ(bytes, 64u);
  static_cast<float *>(data)[2] = 99;
  FloatTensor w(VISIR_F32, {16});
  ASSERT_EQ(runner.run(1, {}, {w.view}).code, VISIR_OK);
  EXPECT_EQ(w[2], 99.0f);
  EXPECT_EQ(w[3], 5.0f);
}

void checkProfile(MoveToDevice move) {
  Runner runner;
  ASSERT_EQ(runner.open(move(makeSample()).finish()).code, VISIR_OK);
  visir_session_set_profiling(runner.session, 1);
  SampleTensors tensors;
  visir_status_t status = tensors.run(runner);
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  tensors.expectResults();
  visir_profile_t profile;
  visir_session_profile(runner.session, &profile);
  ASSERT_EQ(profile.command_count, 6u);
  for (uint32_t i = 1; i < 6; ++i)
    EXPECT_EQ(profile.start_ns[i],
              profile.start_ns[i - 1] + profile.command_ns[i - 1]);
  EXPECT_LE(profile.start_ns[5], profile.total_ns);
}

namespace {

// The state's 64 bytes, copied to an output and filled in part.
std::unique_ptr<schema::EntryT> makeFilled(uint64_t begin, uint64_t size) {
  auto entry = std::make_unique<schema::EntryT>();
  entry->name = std::to_string(begin) + "+" + std::to_string(size);
  entry->outputs.push_back(makeTensor("w", schema::DType::f32, {16}));
  auto output = [](uint64_t offset, uint64_t bytes) {
    return makeRef(schema::BufferKind::output, 0, offset, bytes);
  };
  entry->commands.push_back(makeCopy(
      makeRef(schema::BufferKind::state, 0, 0, 64), output(0, 64), {}));
  entry->commands.push_back(makeFill(output(begin, size), 7, {0}));
  return entry;
}

} // namespace

void checkFills(MoveToDevice move) {
  ArtifactBuilder builder = move(makeSample());
  auto &entries = builder.manifest.programs[0]->entries;
  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (uint64_t begin : {0, 1, 3, 4, 6})
    for (uint64_t size : {1, 2, 3, 5, 8, 17}) {
      ranges.push_back({begin, size});
      entries.push_back(makeFilled(begin, size));
    }
  Runner runner;
  ASSERT_EQ(runner.open(builder.finish()).code, VISIR_OK);
  float five = 5;
  const auto *before = reinterpret_cast<const uint8_t *>(&five);
  for (size_t e = 0; e < ranges.size(); ++e) {
    auto [begin, size] = ranges[e];
    FloatTensor w(VISIR_F32, {16});
    ASSERT_EQ(runner.run(static_cast<uint32_t>(2 + e), {}, {w.view}).code,
              VISIR_OK);
    const auto *bytes = reinterpret_cast<const uint8_t *>(w.values);
    for (uint64_t i = 0; i < 64; ++i)
      ASSERT_EQ(bytes[i], i >= begin && i < begin + size ? 7 : before[i % 4])
          << "byte " << i << " of " << begin << "+" << size;
  }
}

void checkFailure(MoveToDevice move) {
  ArtifactBuilder builder = move(makeSingle("fail", 4));
  builder.manifest.programs[0]->functions[0]->can_fail = true;
  Runner runner;
  visir_status_t status = runner.open(builder.finish());
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  FloatTensor y(VISIR_F32, {16});
  for (int run = 0; run < 2; ++run) {
    status = runner.run(0, {}, {y.view});
    EXPECT_EQ(status.code, VISIR_KERNEL_FAILED);
    EXPECT_STREQ(status.message,
                 "command 0 (fail, node \"/node\") returned 3, expected 0");
  }
}

} // namespace visir::testing
