// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The CUDA driver on the stand-in for a GPU: what it computes, the graphs that
// it launches, and tensors in the device's memory.
#include "test/targets/cuda/null_device.h"

#include <gmock/gmock.h>

using namespace visir::testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;
namespace schema = visir::schema;

namespace {

using Text = const char *(*)();

class CudaRunTest : public ::testing::TestWithParam<const char *> {};

TEST_P(CudaRunTest, Conforms) {
  NullDevice device(GetParam());
  checkSampleRuns(onCuda, "cuda: ");
  checkScalars(onCuda);
  checkStates(onCuda);
  checkProfile(onCuda);
  checkFills(onCuda);
  checkFailure(onCuda);
}

INSTANTIATE_TEST_SUITE_P(Devices, CudaRunTest,
                         ::testing::Values("", "sm=75", "sm=120:75",
                                           "sm=75,machine-code"));

TEST(CudaTest, DriversWithoutGetProcAddress) {
  NullDevice device("", VISIR_NULL_CUDA_OLD_FILE);
  checkSampleRuns(onCuda, "cuda: 0, Null GPU A (sm_90)");
}

TEST(CudaTest, MachineCodeIsPreferred) {
  NullDevice device("sm=75,machine-code");
  checkSampleRuns(onCuda, "cuda: 0, Null GPU A (sm_75)");
  Runner runner;
  ASSERT_EQ(runner.open(onCuda(makeSample()).finish()).code, VISIR_OK);
  EXPECT_THAT(visir_module_device(runner.module),
              ::testing::Not(HasSubstr("compiled")));
  device.setModes("sm=80,machine-code");
  Runner newer;
  ASSERT_EQ(newer.open(onCuda(makeSample()).finish()).code, VISIR_OK);
  EXPECT_THAT(visir_module_device(newer.module),
              HasSubstr("(sm_80), compiled by the driver"));
}

// Inputs first; then commands with the program's dependencies.
TEST(CudaTest, GraphHasTheProgramsDependencies) {
  NullDevice device;
  Runner runner;
  ASSERT_EQ(runner.open(onCuda(makeSample()).finish()).code, VISIR_OK);
  SampleTensors tensors;
  ASSERT_EQ(tensors.run(runner).code, VISIR_OK);
  EXPECT_STREQ(NullDevice::find<Text>("visir_null_cuda_graph")(),
               "0 copy 256 from host to device after\n"
               "1 copy 8 from host to device after\n"
               "2 copy 256 from host to device after\n"
               "3 add grid 4 block 16 shared 0 after 0\n"
               "4 fill 256 after\n"
               "5 add grid 4 block 16 shared 0 after 3 2\n"
               "6 accumulate grid 1 block 16 shared 0 after\n"
               "7 copy 256 from device to device after 5\n"
               "8 copy 64 from device to device after 6\n"
               "9 copy 256 from device to host after 7\n"
               "10 copy 64 from device to host after 8\n");
}

// The stand-in tells when a graph lets nodes meet.
TEST(CudaTest, MissingDependenciesAreFoundOut) {
  NullDevice device("no-edges");
  Runner runner;
  ASSERT_EQ(runner.open(onCuda(makeSample()).finish()).code, VISIR_OK);
  SampleTensors tensors;
  visir_status_t status = tensors.run(runner);
  EXPECT_EQ(status.code, VISIR_DEVICE_LOST);
  EXPECT_THAT(status.message, HasSubstr("cuStreamSynchronize is 719 (node "));
}

// Each dispatch has a workspace of its own that keeps what kernels leave.
TEST(CudaTest, Workspaces) {
  NullDevice device;
  ArtifactBuilder builder = onCuda(makeSingle("fail", 5));
  builder.manifest.programs[0]->functions[0]->name = "workspace";
  builder.manifest.programs[0]->functions[0]->scratch_bytes = 4;
  Runner runner;
  visir_status_t status = runner.open(builder.finish());
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  for (int run = 0; run < 3; ++run) {
    FloatTensor y(VISIR_F32, {16});
    status = runner.run(0, {}, {y.view});
    ASSERT_EQ(status.code, VISIR_OK) << status.message;
    for (int i = 0; i < 16; ++i)
      EXPECT_EQ(y[i], 5.0f);
  }
}

// Memory of the stand-in, as a caller's.
class CallersMemory {
public:
  CallersMemory() {
    NullDevice::find<int (*)(void *)>("cuCtxPushCurrent_v2")(nullptr);
  }
  ~CallersMemory() {
    for (uint64_t address : addresses)
      NullDevice::find<int (*)(uint64_t)>("cuMemFree_v2")(address);
    void *context;
    NullDevice::find<int (*)(void **)>("cuCtxPopCurrent_v2")(&context);
  }
  float *take(size_t bytes) {
    uint64_t address = 0;
    EXPECT_EQ(NullDevice::find<int (*)(uint64_t *, size_t)>("cuMemAlloc_v2")(
                  &address, bytes),
              0);
    addresses.push_back(address);
    return reinterpret_cast<float *>(address);
  }
  float *upload(const std::vector<float> &values) {
    float *memory = take(values.size() * 4);
    NullDevice::find<int (*)(uint64_t, const void *, size_t)>(
        "cuMemcpyHtoD_v2")(reinterpret_cast<uint64_t>(memory), values.data(),
                           values.size() * 4);
    return memory;
  }

private:
  std::vector<uint64_t> addresses;
};

// y = x + c, twice over.
ArtifactBuilder makeSum() {
  ArtifactBuilder builder = makeSample();
  auto &entries = builder.manifest.programs[0]->entries;
  entries.erase(entries.begin());
  schema::EntryT &entry = *entries[0];
  entry.inputs.push_back(makeTensor("x", schema::DType::f32, {4, 16}));
  entry.outputs[0] = makeTensor("y", schema::DType::f32, {4, 16});
  entry.arena_bytes = 256;
  entry.commands.clear();
  for (uint32_t i = 0; i < 2; ++i) {
    DispatchSpec spec;
    auto arena = [] { return makeRef(schema::BufferKind::arena, 0, 0, 256); };
    spec.bindings.push_back(i ? arena()
                              : makeRef(schema::BufferKind::input, 0, 0, 256));
    spec.bindings.push_back(makeRef(schema::BufferKind::constant, 0, 0, 256));
    spec.bindings.push_back(i ? makeRef(schema::BufferKind::output, 0, 0, 256)
                              : arena());
    spec.scalars.push_back(makeScalar(schema::ScalarKind::constant, 16));
    spec.tileEnd = 4;
    entry.commands.push_back(
        makeDispatch(std::move(spec),
                     i ? std::vector<uint32_t>{0} : std::vector<uint32_t>{}));
  }
  return onCuda(std::move(builder));
}

visir_tensor_t viewOf(float *data, const int64_t *dims) {
  return {data, VISIR_F32, 2, dims, nullptr};
}

constexpr int64_t kDims[] = {4, 16};

visir_status_t enqueue(Runner &runner, float *x, float *y, void *stream) {
  visir_tensor_t input = viewOf(x, kDims), output = viewOf(y, kDims);
  return visir_session_enqueue(runner.session, 0, &input, 1, &output, 1,
                               stream);
}

// A stream as a caller would make one.
struct CallersStream {
  CallersStream() {
    NullDevice::find<int (*)(void **, unsigned)>("cuStreamCreate")(&stream, 0);
  }
  ~CallersStream() {
    NullDevice::find<int (*)(void *)>("cuStreamDestroy_v2")(stream);
  }
  CallersStream(const CallersStream &) = delete;
  CallersStream &operator=(const CallersStream &) = delete;

  void *stream = nullptr;
};

TEST(CudaTest, TensorsInDeviceMemory) {
  NullDevice device;
  Runner runner;
  visir_status_t status = runner.open(makeSum().finish());
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  CallersMemory memory;
  CallersStream callers;
  void *stream = callers.stream;
  float *x[] = {memory.upload(std::vector<float>(64, 1.0f)),
                memory.upload(std::vector<float>(64, 2.0f))};
  float *y[] = {memory.take(256), memory.take(256), memory.take(256)};
  // On two streams, and with other tensors each time.
  for (int i = 0; i < 3; ++i) {
    status = enqueue(runner, x[i % 2], y[i], i == 1 ? stream : nullptr);
    ASSERT_EQ(status.code, VISIR_OK) << status.message;
  }
  status = visir_session_wait(runner.session);
  ASSERT_EQ(status.code, VISIR_OK) << status.message;
  for (int i = 0; i < 3; ++i)
    for (int at = 0; at < 64; ++at)
      ASSERT_EQ(y[i][at], static_cast<float>(1 + i % 2 + 2 * at)) << i;
  EXPECT_STREQ(NullDevice::find<Text>("visir_null_cuda_graph")(),
               "0 add grid 4 block 16 shared 0 after\n"
               "1 add grid 4 block 16 shared 0 after 0\n");
  // A run with tensors of the host goes on behind it.
  FloatTensor a(VISIR_F32, {4, 16}), b(VISIR_F32, {4, 16});
  a[5] = 7;
  ASSERT_EQ(enqueue(runner, x[0], y[0], stream).code, VISIR_OK);
  ASSERT_EQ(runner.run(0, {a.view}, {b.view}).code, VISIR_OK);
  EXPECT_EQ(b[5], 17.0f);
}

TEST(CudaTest, TensorsElsewhereAreRefused) {
  NullDevice device;
  Runner runner;
  ASSERT_EQ(runner.open(makeSum().finish()).code, VISIR_OK);
  CallersMemory memory;
  float *x = memory.upload(std::vector<float>(128, 1.0f));
  float *y = memory.take(256);
  FloatTensor host(VISIR_F32, {4, 16});
  visir_status_t status = enqueue(runner, host.values, y, nullptr);
  EXPECT_EQ(status.code, VISIR_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, StartsWith("input \"x\": memory at 0x"));
  EXPECT_THAT(status.message, HasSubstr("expected memory of cuda:0"));
  status = enqueue(runner, x + 1, y, nullptr);
  EXPECT_EQ(status.code, VISIR_INVALID_ARGUMENT);
  EXPECT_THAT(status.message, HasSubstr("expected a multiple of 64"));
  status = enqueue(runner, x, x, nullptr);
  EXPECT_THAT(status.message, HasSubstr("expected no overlap"));
  const int64_t strides[] = {32, 2};
  visir_tensor_t input = {x, VISIR_F32, 2, kDims, strides},
                 output = viewOf(y, kDims);
  status =
      visir_session_enqueue(runner.session, 0, &input, 1, &output, 1, nullptr);
  EXPECT_THAT(status.message, HasSubstr("input \"x\" is not dense"));
}

TEST(CudaTest, HostLooksAtNoDeviceTensor) {
  NullDevice device;
  Runner runner;
  ASSERT_EQ(runner.open(onCuda(makeSample()).finish()).code, VISIR_OK);
  SampleTensors tensors;
  visir_tensor_t inputs[] = {tensors.x.view, tensors.k.view, tensors.s.view},
                 outputs[] = {tensors.y.view, tensors.z.view};
  visir_status_t status =
      visir_session_enqueue(runner.session, 0, inputs, 3, outputs, 2, nullptr);
  EXPECT_EQ(status.code, VISIR_UNSUPPORTED);
  EXPECT_THAT(status.message,
              HasSubstr("input \"k\" is looked at by the host"));
}

TEST(CudaTest, WaitReportsFailures) {
  NullDevice device;
  ArtifactBuilder builder = onCuda(makeSingle("fail", 4));
  builder.manifest.programs[0]->functions[0]->can_fail = true;
  Runner runner;
  ASSERT_EQ(runner.open(builder.finish()).code, VISIR_OK);
  CallersMemory memory;
  const int64_t dims[] = {16};
  visir_tensor_t output = {memory.take(64), VISIR_F32, 1, dims, nullptr};
  ASSERT_EQ(
      visir_session_enqueue(runner.session, 0, nullptr, 0, &output, 1, nullptr)
          .code,
      VISIR_OK);
  visir_status_t status = visir_session_wait(runner.session);
  EXPECT_EQ(status.code, VISIR_KERNEL_FAILED);
  EXPECT_STREQ(status.message,
               "command 0 (fail, node \"/node\") returned 3, expected 0");
  EXPECT_EQ(visir_session_wait(runner.session).code, VISIR_OK);
}

TEST(CudaTest, OnlyCudaTakesDeviceMemory) {
  Runner runner;
  ASSERT_EQ(runner.open(makeSample().finish()).code, VISIR_OK);
  visir_status_t status =
      visir_session_enqueue(runner.session, 1, nullptr, 0, nullptr, 0, nullptr);
  EXPECT_EQ(status.code, VISIR_UNSUPPORTED);
  EXPECT_THAT(status.message, StartsWith("device is cpu, expected cuda"));
  EXPECT_EQ(visir_session_wait(runner.session).code, VISIR_OK);
}

} // namespace
