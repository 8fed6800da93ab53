// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/peak.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace visir::tools {
namespace {

// Two multiply-adds a cycle with a latency of 4 or 5 need 10 chains.
constexpr int kChains = 12;
constexpr int kSteps = 2000;
constexpr int kRounds = 8;

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

#if defined(__x86_64__)
__attribute__((target("avx512f"), noinline)) void peak16() {
  multiplyAdd<Vector16>();
}
__attribute__((target("avx2,fma"), noinline)) void peak8() {
  multiplyAdd<Vector8>();
}
#endif
__attribute__((noinline)) void peak4() { multiplyAdd<Vector4>(); }

struct Kernel {
  void (*run)();
  uint32_t lanes;
};

Kernel chooseKernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {peak16, 16};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {peak8, 8};
#endif
  return {peak4, 4};
}

double secondsNow() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Best time of one call, in seconds, while the other threads do the same.
double bestCall(const Kernel &kernel, double seconds) {
  double best = 1e9, end = secondsNow() + seconds;
  for (double begin = secondsNow(); begin < end;) {
    for (int i = 0; i < kRounds; ++i)
      kernel.run();
    double now = secondsNow();
    best = std::min(best, (now - begin) / kRounds);
    begin = now;
  }
  return best;
}

} // namespace

Peak measurePeak(uint32_t threads) {
  Kernel kernel = chooseKernel();
  std::vector<double> best(threads);
  std::atomic<uint32_t> ready{0};
  auto work = [&](uint32_t index) {
    ready.fetch_add(1);
    while (ready.load() < threads)
      std::this_thread::yield();
    best[index] = bestCall(kernel, 0.1);
  };
  std::vector<std::thread> others;
  for (uint32_t i = 1; i < threads; ++i)
    others.emplace_back(work, i);
  work(0);
  for (std::thread &other : others)
    other.join();
  double flops = 2.0 * kChains * kSteps * kernel.lanes;
  Peak peak = {0, kernel.lanes};
  for (double seconds : best)
    peak.gflops += flops / seconds * 1e-9;
  return peak;
}

} // namespace visir::tools
