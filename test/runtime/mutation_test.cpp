// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Damaged artifacts: an error within bounded time, or a run inside memory.
#include "runtime/exec/session.h"
#include "test/runtime/support/mutation.h"
#include "test/runtime/support/sample.h"
#include "test/runtime/support/touch_driver.h"

#include <gtest/gtest.h>

#include <chrono>

namespace schema = visir::schema;
using namespace visir::runtime;

namespace {

constexpr int kMutants = 1000;

struct Tensors {
  std::vector<std::vector<uint8_t>> data;
  std::vector<std::vector<int64_t>> dims;
  std::vector<TensorView> views;
};

template <typename List> void addTensors(const List *list, Tensors &out) {
  for (uint32_t i = 0; list && i < list->size(); ++i) {
    const schema::Tensor &tensor = *list->Get(i);
    out.data.emplace_back(tensor.bytes());
    out.dims.emplace_back();
    for (uint32_t d = 0; tensor.dims() && d < tensor.dims()->size(); ++d)
      out.dims.back().push_back(
          static_cast<int64_t>(tensor.dims()->Get(d)->value()));
  }
  for (uint32_t i = 0; list && i < list->size(); ++i)
    out.views.push_back({out.data[i].data(),
                         static_cast<uint32_t>(list->Get(i)->dtype()),
                         static_cast<uint32_t>(out.dims[i].size()),
                         out.dims[i].data(), nullptr});
}

bool fitsTestMemory(const schema::Entry &entry) {
  uint64_t bytes = 0;
  for (const auto *list : {entry.inputs(), entry.outputs()})
    for (uint32_t i = 0; list && i < list->size(); ++i)
      bytes += list->Get(i)->bytes();
  return bytes < (1 << 24);
}

// Runs every entry with tensors of the declared shapes.
void runAll(Module &module) {
  Session *session = nullptr;
  if (!Session::make(module, false, &session).ok())
    return;
  for (uint32_t i = 0; i < module.program().entries()->size(); ++i) {
    const schema::Entry &entry = *module.program().entries()->Get(i);
    if (!fitsTestMemory(entry))
      continue;
    Tensors inputs, outputs;
    addTensors(entry.inputs(), inputs);
    addTensors(entry.outputs(), outputs);
    Status status = session->run(
        i, inputs.views.data(), static_cast<uint32_t>(inputs.views.size()),
        outputs.views.data(), static_cast<uint32_t>(outputs.views.size()));
    EXPECT_NE(status.code(), StatusCode::kernelFailed) << status.text();
  }
  session->release();
}

bool passesStageOne(visir::testing::Bytes &artifact) {
  visir_file_header_t header = *visir::testing::headerOf(artifact);
  flatbuffers::Verifier verifier(visir::testing::manifestOf(artifact),
                                 header.manifest_bytes);
  return schema::VerifyManifestBuffer(verifier);
}

class MutationTest : public ::testing::TestWithParam<int> {
protected:
  void SetUp() override {
    static const Driver *drivers[] = {&visir::testing::touchDriver};
    ContextOptions options;
    options.memoryLimit = 1 << 24;
    options.drivers = drivers;
    options.driverCount = 1;
    options.threadCount = 1;
    ASSERT_TRUE(Context::make(options, &context).ok());
    options.threadCount = 2;
    ASSERT_TRUE(Context::make(options, &threaded).ok());
  }
  void TearDown() override {
    context->release();
    threaded->release();
  }

  visir::testing::Bytes original() {
    return GetParam() == 0 ? visir::testing::makeSample().finish()
                           : visir::testing::makeChain(9, 4).finish();
  }

  Context *context = nullptr, *threaded = nullptr;
};

TEST_P(MutationTest, DamageIsRefusedOrHarmless) {
  visir::testing::Bytes sound = original();
  std::mt19937 random(20240u + GetParam());
  int stageOne = 0, accepted = 0;
  for (int i = 0; i < kMutants; ++i) {
    visir::testing::Bytes artifact = sound;
    std::vector<visir::testing::Field> fields =
        visir::testing::findFields(visir::testing::manifestOf(artifact));
    std::string what = visir::testing::mutate(fields, random);
    if (i % 4 == 3)
      what += ", " + visir::testing::mutate(fields, random);
    visir::testing::sealManifest(artifact);
    stageOne += passesStageOne(artifact);
    auto start = std::chrono::steady_clock::now();
    Module *module = nullptr;
    Context &chosen = i % 10 == 0 ? *threaded : *context;
    Status status = Module::openMemory(chosen, artifact.data(), artifact.size(),
                                       {}, &module);
    std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    EXPECT_LT(time.count(), 1.0) << what;
    if (!status.ok()) {
      EXPECT_NE(status.text()[0], '\0') << what;
      continue;
    }
    ++accepted;
    runAll(*module);
    module->release();
  }
  EXPECT_GE(stageOne, kMutants * 3 / 10);
  EXPECT_GE(accepted, 1);
  RecordProperty("passed_stage_one", stageOne);
  RecordProperty("accepted", accepted);
}

INSTANTIATE_TEST_SUITE_P(Samples, MutationTest, ::testing::Values(0, 1));

} // namespace
