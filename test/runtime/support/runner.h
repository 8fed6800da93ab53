// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Opens artifacts through the C interface and owns what it gives.
#ifndef VISIR_TEST_RUNTIME_SUPPORT_RUNNER_H
#define VISIR_TEST_RUNTIME_SUPPORT_RUNNER_H

#include "runtime/include/visir/runtime.h"
#include "test/runtime/support/sample.h"

#include <gtest/gtest.h>

namespace visir::testing {

// A dense tensor with data at an address that is `skew` bytes past a multiple
// of 64.
template <typename T> class TestTensor {
public:
  TestTensor(visir_dtype_t dtype, std::vector<int64_t> shape, size_t skew = 0)
      : dims(std::move(shape)) {
    size_t count = 1;
    for (int64_t dim : dims)
      count *= static_cast<size_t>(dim);
    memory.resize(count * sizeof(T) + 128);
    uintptr_t address = reinterpret_cast<uintptr_t>(memory.data());
    values = reinterpret_cast<T *>((address + 63) / 64 * 64 + skew);
    size = count;
    view = {values, dtype, static_cast<uint32_t>(dims.size()), dims.data(),
            nullptr};
  }
  TestTensor(TestTensor &&) = delete;

  T &operator[](size_t i) { return values[i]; }

  visir_tensor_t view;
  T *values;
  size_t size;
  std::vector<int64_t> dims;

private:
  std::vector<uint8_t> memory;
};

using FloatTensor = TestTensor<float>;

// A context, a module and a session.
class Runner {
public:
  explicit Runner(const visir_context_options_t &options) {
    visir_status_t status = visir_context_create(&options, &context);
    EXPECT_EQ(status.code, VISIR_OK) << status.message;
  }
  explicit Runner(uint32_t threads = 1) : Runner(threadOptions(threads)) {}
  ~Runner() {
    visir_session_release(session);
    visir_module_release(module);
    visir_context_release(context);
  }
  Runner(const Runner &) = delete;

  visir_status_t open(Bytes artifact, uint32_t flags = 0,
                      const char *device = nullptr) {
    // Constants are used in place only at a multiple of 64.
    memory.resize(artifact.size() + 64);
    uint8_t *at =
        memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
    memcpy(at, artifact.data(), artifact.size());
    visir_module_options_t options = {sizeof(options), flags, nullptr, device};
    visir_status_t status = visir_module_open_memory(
        context, at, artifact.size(), &options, &module);
    if (status.code == VISIR_OK)
      status = visir_session_create(module, nullptr, &session);
    return status;
  }

  visir_status_t run(uint32_t entry, std::vector<visir_tensor_t> inputs,
                     std::vector<visir_tensor_t> outputs) {
    return visir_run(session, entry, inputs.data(),
                     static_cast<uint32_t>(inputs.size()), outputs.data(),
                     static_cast<uint32_t>(outputs.size()));
  }

  visir_context_t *context = nullptr;
  visir_module_t *module = nullptr;
  visir_session_t *session = nullptr;

private:
  static visir_context_options_t threadOptions(uint32_t threads) {
    visir_context_options_t options = {};
    options.struct_bytes = sizeof(options);
    options.thread_count = threads;
    return options;
  }

  Bytes memory;
};

// Inputs and outputs of the sample's entry "main" for n rows.
struct SampleTensors {
  explicit SampleTensors(int64_t n = 4, size_t skew = 0)
      : x(VISIR_F32, {4, 16}, skew), k(VISIR_I64, {}, skew),
        s(VISIR_F32, {n, 16}, skew), y(VISIR_F32, {4, 16}, skew),
        z(VISIR_F32, {16}, skew), n(n) {
    for (size_t i = 0; i < x.size; ++i)
      x[i] = 100.0f * static_cast<float>(i);
    for (size_t i = 0; i < s.size; ++i)
      s[i] = 0.5f;
    k[0] = 3;
  }
  visir_status_t run(Runner &runner) {
    return runner.run(0, {x.view, k.view, s.view}, {y.view, z.view});
  }
  // Checks the outputs of the run number `runs` of a session.
  void expectResults(int runs = 1) {
    for (int64_t i = 0; i < n * 16; ++i)
      EXPECT_EQ(y[i], 101.0f * static_cast<float>(i) + 0.5f) << i;
    for (size_t i = 0; i < 16; ++i)
      EXPECT_EQ(z[i], 5.0f + static_cast<float>(3 * n * runs)) << i;
  }

  FloatTensor x;
  TestTensor<int64_t> k;
  FloatTensor s, y, z;
  int64_t n;
};

} // namespace visir::testing

#endif // VISIR_TEST_RUNTIME_SUPPORT_RUNNER_H
