// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/peak.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <vector>

namespace visir::tools {
namespace {

// Two multiply-adds a cycle with a latency of 4 or 5 need 10 chains.
constexpr int kChains = 12;
constexpr int kSteps = 2000;
constexpr int kRounds = 8;
// Buffers that lie in a core's second cache, in the outer one, in neither.
constexpr size_t kNearBytes = 256 << 10, kFarBytes = 6 << 20,
                 kMemoryBytes = 96 << 20;
constexpr size_t kPage = 4096;

using Vector4 = float __attribute__((vector_size(16)));
using Vector8 = float __attribute__((vector_size(32)));
using Vector16 = float __attribute__((vector_size(64)));

// Values that the optimiser cannot know, and a place for results.
volatile float unknown = 0.5f;
volatile float sink;

// Independent chains of acc = acc * a + b in registers.
template <typename Vector>
__attribute__((always_inline)) inline void multiplyAdd() {
#pragma clang fp contract(fast)
  Vector acc[kChains], a = {}, b = {};
  a += unknown;
  b += unknown;
  for (Vector &chain : acc)
    chain = a;
  for (int step = 0; step < kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i)
      acc[i] = acc[i] * a + b;
  }
  for (const Vector &chain : acc)
    sink = chain[0];
}

// Adds up `count` floats, a multiple of 8 vectors.
template <typename Vector>
__attribute__((always_inline)) inline void readAll(const float *data,
                                                   size_t count) {
  constexpr size_t kLanes = sizeof(Vector) / sizeof(float);
  Vector sums[8] = {};
  for (size_t at = 0; at < count; at += 8 * kLanes) {
    const Vector *vectors = reinterpret_cast<const Vector *>(data + at);
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i)
      sums[i] += vectors[i];
  }
  for (const Vector &sum : sums)
    sink = sum[0];
}

#if defined(__x86_64__)
__attribute__((target("avx512f"), noinline)) void peak16() {
  multiplyAdd<Vector16>();
}
__attribute__((target("avx512f"), noinline)) void read16(const float *data,
                                                         size_t count) {
  readAll<Vector16>(data, count);
}
__attribute__((target("avx2,fma"), noinline)) void peak8() {
  multiplyAdd<Vector8>();
}
__attribute__((target("avx2,fma"), noinline)) void read8(const float *data,
                                                         size_t count) {
  readAll<Vector8>(data, count);
}
#endif
__attribute__((noinline)) void peak4() { multiplyAdd<Vector4>(); }
__attribute__((noinline)) void read4(const float *data, size_t count) {
  readAll<Vector4>(data, count);
}

struct Kernel {
  void (*run)();
  void (*read)(const float *data, size_t count);
  uint32_t lanes;
};

Kernel chooseKernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {peak16, read16, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {peak8, read8, 8};
#endif
  return {peak4, read4, 4};
}

double secondsNow() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Best time of one call, in seconds, while the other threads do the same.
double bestCall(const std::function<void()> &call, int rounds, double seconds) {
  double best = 1e9, end = secondsNow() + seconds;
  for (double begin = secondsNow(); begin < end;) {
    for (int i = 0; i < rounds; ++i)
      call();
    double now = secondsNow();
    best = std::min(best, (now - begin) / rounds);
    begin = now;
  }
  return best;
}

struct FreeBytes {
  void operator()(float *data) const { std::free(data); }
};

// Bytes per second that one thread reads from its own `bytes`.
double readRate(const Kernel &kernel, size_t bytes) {
  std::unique_ptr<float, FreeBytes> data(
      static_cast<float *>(std::aligned_alloc(kPage, bytes)));
  if (!data)
    throw std::bad_alloc();
  // Zeros that nobody has written may all be the same page.
  std::memset(data.get(), 1, bytes);
  size_t count = bytes / sizeof(float);
  int rounds = static_cast<int>(std::max<size_t>(kFarBytes / bytes, 1));
  double seconds =
      bestCall([&] { kernel.read(data.get(), count); }, rounds, 0.03);
  return static_cast<double>(bytes) / seconds;
}

// What one thread finds while the others do the same.
struct ThreadRates {
  double flops = 0, nearBytes = 0, farBytes = 0, memoryBytes = 0;
};

ThreadRates measureThread(const Kernel &kernel) {
  double flops = 2.0 * kChains * kSteps * kernel.lanes;
  return {flops / bestCall(kernel.run, kRounds, 0.1),
          readRate(kernel, kNearBytes), readRate(kernel, kFarBytes),
          readRate(kernel, kMemoryBytes)};
}

} // namespace

double Peak::bandwidth(uint64_t bytes) const {
  if (bytes <= 2 * kNearBytes)
    return nearGbs;
  return bytes <= 2 * kFarBytes ? farGbs : memoryGbs;
}

Peak measurePeak(uint32_t threads) {
  Kernel kernel = chooseKernel();
  std::vector<ThreadRates> rates(threads);
  std::atomic<uint32_t> ready{0};
  auto work = [&](uint32_t index) {
    ready.fetch_add(1);
    while (ready.load() < threads)
      std::this_thread::yield();
    rates[index] = measureThread(kernel);
  };
  std::vector<std::thread> others;
  for (uint32_t i = 1; i < threads; ++i)
    others.emplace_back(work, i);
  work(0);
  for (std::thread &other : others)
    other.join();
  Peak peak = {0, kernel.lanes};
  for (const ThreadRates &rate : rates) {
    peak.gflops += rate.flops * 1e-9;
    peak.nearGbs += rate.nearBytes * 1e-9;
    peak.farGbs += rate.farBytes * 1e-9;
    peak.memoryGbs += rate.memoryBytes * 1e-9;
  }
  return peak;
}

} // namespace visir::tools
