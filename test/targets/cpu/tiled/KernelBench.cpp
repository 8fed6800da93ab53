// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times dispatches by shape on one thread and prints their share of this
// core's peak, measured by a loop of multiply-adds in registers.
//   cpu-kernel-bench [spec] [filter]
#include "test/targets/cpu/tiled/Shapes.h"
#include "test/targets/cpu/tiled/TiledRun.h"

#include "targets/common/Layout.h"
#include "targets/cpu/abi/kernel_abi.h"
#include "targets/cpu/codegen/contraction/Packing.h"

#include "llvm/Support/Format.h"

#include <cstdlib>
#include <ctime>

using namespace mlir;
using namespace visir;
using namespace visir::test;

/// Time of this thread on a core, so that other work does not count.
static double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

typedef float Zmm __attribute__((vector_size(64)));

/// GFLOP/s of a core with 512-bit vectors.
__attribute__((target("avx512f"), noinline)) static double measurePeak() {
  double best = 0;
  for (int repeat = 0; repeat < 20; ++repeat) {
    Zmm sums[16] = {}, x = sums[0] + 1.0f, y = x * 0.5f;
    const int steps = 200000;
    double begin = seconds();
    for (int i = 0; i < steps; ++i) {
#pragma clang loop unroll(full)
      for (Zmm &sum : sums) {
        sum = __builtin_elementwise_fma(sum, y, x);
        asm volatile("" : "+v"(sum));
      }
    }
    double taken = seconds() - begin;
    best = std::max(best, 2.0 * 16 * 16 * steps / taken * 1e-9);
  }
  return best;
}

namespace {

class AlignedBytes {
public:
  explicit AlignedBytes(size_t size)
      : data(static_cast<char *>(
            aligned_alloc(64, (std::max<size_t>(size, 1) + 63) / 64 * 64))) {
    memset(data, 0, (std::max<size_t>(size, 1) + 63) / 64 * 64);
  }
  AlignedBytes(AlignedBytes &&other)
      : data(std::exchange(other.data, nullptr)) {}
  ~AlignedBytes() { free(data); }
  char *data;
};

struct Bench {
  const cpu::CpuSpec &spec;
  double peak;
  std::string filter;

  /// `winograd`: results per tile and dimension, or 0.
  void run(const std::string &name, const std::string &text, int packed,
           int64_t winograd = 0);
};

} // namespace

static double timeKernel(visir_cpu_kernel_t kernel, visir_cpu_args_t args,
                         uint32_t tiles, void *scratch) {
  visir_cpu_env_t env = {VISIR_CPU_ABI_VERSION, 1};
  double best = 1e9, all = 0;
  for (int i = 0; i < 2000 && (all < 0.15 || i < 5); ++i) {
    double begin = seconds();
    kernel(&env, &args, 0, tiles, scratch);
    double taken = seconds() - begin;
    best = std::min(best, taken);
    all += taken;
  }
  return best;
}

void Bench::run(const std::string &name, const std::string &text, int packed,
                int64_t winograd) {
  if (name.find(filter) == std::string::npos)
    return;
  OwningOpRef<ModuleOp> module = parse(text);
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  auto inputs = randomInputs(op, 1);
  if (winograd)
    inputs[1] = useWinograd(op, winograd, inputs[1]);
  else if (packed >= 0)
    packOperand(op, unsigned(packed));
  if (failed(cpu::chooseConfig(op, spec)))
    return;
  double begin = seconds();
  Kernel kernel(op, spec);
  double compiled = seconds() - begin;
  std::vector<AlignedBytes> buffers;
  std::vector<void *> pointers;
  for (auto [i, value] : llvm::enumerate(op.getInputs())) {
    auto bytes = toLayout(inputs[i], cast<RankedTensorType>(value.getType()));
    buffers.emplace_back(bytes.size());
    memcpy(buffers.back().data, bytes.data(), bytes.size());
  }
  for (Value value : op.getResults())
    buffers.emplace_back(placedBytes(cast<RankedTensorType>(value.getType())));
  for (AlignedBytes &buffer : buffers)
    pointers.push_back(buffer.data);
  AlignedBytes scratch(kernel.info.scratchBytes);
  double taken = timeKernel(
      reinterpret_cast<visir_cpu_kernel_t>(kernel.entry()),
      {pointers.data(), nullptr}, kernel.info.tileCount, scratch.data);
  double rate = kernel.info.flops / taken * 1e-9;
  std::string config;
  llvm::raw_string_ostream(config) << op.getConfigAttr();
  llvm::outs() << llvm::format("%-28s %9.1f us %7.1f GFLOP/s %5.1f %%  %3u "
                               "tiles %6llu B code %4.0f ms  ",
                               name.c_str(), taken * 1e6, rate,
                               100 * rate / peak, kernel.info.tileCount,
                               (unsigned long long)kernel.codeBytes,
                               compiled * 1e3)
               << config << "\n";
  llvm::outs().flush();
}

static void pointwise(Bench &bench) {
  const int64_t shapes[][3] = {
      {3136, 36, 36},   {3136, 36, 144},  {3136, 144, 36}, {784, 72, 288},
      {784, 288, 72},   {3136, 48, 192},  {784, 96, 384},  {784, 384, 96},
      {196, 144, 576},  {196, 576, 144},  {196, 240, 960}, {49, 288, 1152},
      {49, 1152, 288},  {49, 384, 1536},  {49, 1536, 384}, {197, 768, 768},
      {197, 768, 3072}, {197, 3072, 768}, {3136, 64, 256}, {784, 256, 512},
      {1, 768, 1000},   {1, 2048, 1000}};
  for (auto [m, k, n] : shapes) {
    MatMulShape s;
    s.m = m, s.k = k, s.n = n, s.tail = Tail::Relu;
    bench.run("gemm " + std::to_string(m) + "," + std::to_string(k) + "," +
                  std::to_string(n),
              matmulText(s), 1);
    s.tail = Tail::Gelu;
    bench.run("gelu " + std::to_string(m) + "," + std::to_string(k) + "," +
                  std::to_string(n),
              matmulText(s), 1);
    s.tail = Tail::Silu;
    bench.run("silu " + std::to_string(m) + "," + std::to_string(k) + "," +
                  std::to_string(n),
              matmulText(s), 1);
  }
}

static void convolutions(Bench &bench) {
  const int64_t shapes[][6] = {
      {56, 64, 64, 3, 1, 1},    {28, 128, 128, 3, 1, 1},
      {14, 256, 256, 3, 1, 1},  {7, 512, 512, 3, 1, 1},
      {56, 64, 128, 3, 2, 1},   {28, 128, 256, 3, 2, 1},
      {14, 256, 512, 3, 2, 1},  {224, 3, 64, 7, 2, 3},
      {224, 3, 32, 3, 2, 1},    {224, 3, 96, 4, 4, 0},
      {224, 3, 768, 16, 16, 0}, {32, 16, 16, 3, 1, 1},
      {32, 64, 64, 3, 1, 1},    {56, 256, 64, 1, 1, 0},
      {56, 64, 128, 1, 2, 0},   {28, 36, 72, 2, 2, 0}};
  for (auto [size, ci, co, kernel, stride, pad] : shapes) {
    ConvShape s;
    s.h = s.w = size, s.ci = ci, s.co = co, s.kh = s.kw = kernel;
    s.stride = stride, s.pad = pad, s.imageInput = ci == 3;
    bench.run("conv " + std::to_string(kernel) + "x" + std::to_string(kernel) +
                  "/" + std::to_string(stride) + " " + std::to_string(size) +
                  " " + std::to_string(ci) + "-" + std::to_string(co),
              convText(s), 1);
  }
}

static void winograds(Bench &bench) {
  const int64_t shapes[][2] = {{56, 64}, {28, 128}, {14, 256},
                               {7, 512}, {32, 16},  {32, 32},
                               {32, 64}, {16, 32},  {8, 64}};
  for (auto [size, channels] : shapes)
    for (int64_t outputs : {2, 4}) {
      ConvShape s;
      s.h = s.w = size, s.ci = s.co = channels, s.kh = s.kw = 3, s.pad = 1;
      bench.run("F(" + std::to_string(outputs) + ",3) " + std::to_string(size) +
                    " " + std::to_string(channels),
                convText(s), 1, outputs);
    }
}

static void windows(Bench &bench) {
  const int64_t shapes[][4] = {
      {112, 48, 3, 1}, {56, 144, 3, 1}, {56, 72, 3, 1},  {28, 240, 3, 1},
      {28, 36, 3, 1},  {14, 384, 3, 1}, {14, 288, 3, 1}, {7, 384, 3, 1},
      {28, 240, 5, 1}, {14, 288, 5, 1}, {7, 384, 5, 1},  {56, 96, 7, 1},
      {28, 144, 7, 1}, {14, 384, 7, 1}, {7, 384, 7, 1},  {112, 96, 3, 2},
      {56, 144, 3, 2}, {56, 72, 5, 2}};
  for (auto [size, channels, kernel, stride] : shapes) {
    ConvShape s;
    s.h = s.w = size, s.ci = channels, s.kh = s.kw = kernel;
    s.stride = stride, s.pad = kernel / 2;
    bench.run("depthwise " + std::to_string(kernel) + "/" +
                  std::to_string(stride) + " " + std::to_string(size) + " " +
                  std::to_string(channels),
              windowText(s, "depthwise"), 1);
  }
  ConvShape s;
  s.h = s.w = 112, s.ci = 64, s.kh = s.kw = 3, s.stride = 2, s.pad = 1;
  s.tail = Tail::None;
  bench.run("max pool 3/2 112 64", windowText(s, "max"), -1);
}

static void attentions(Bench &bench) {
  const int64_t shapes[][5] = {{1, 12, 197, 64, 0}, {1, 4, 196, 36, 0},
                               {1, 8, 49, 36, 0},   {1, 8, 77, 64, 1},
                               {64, 3, 49, 32, 0},  {1, 4, 784, 36, 0}};
  for (auto [batch, heads, tokens, depth, causal] : shapes) {
    AttentionShape s;
    s.batch = batch, s.heads = heads, s.m = s.n = tokens, s.d = s.e = depth;
    s.packed = true, s.causal = causal;
    bench.run("attention " + std::to_string(batch) + "x" +
                  std::to_string(heads) + "x" + std::to_string(tokens) + "x" +
                  std::to_string(depth),
              attentionText(s), -1);
  }
}

int main(int argc, char **argv) {
  const cpu::CpuSpec *spec = cpu::findSpec(argc > 1 ? argv[1] : "host");
  if (!spec) {
    llvm::errs() << "spec is " << argv[1] << ", expected a target's name\n";
    return 2;
  }
  double peak = measurePeak();
  llvm::outs() << llvm::format("peak %.1f GFLOP/s, code for ", peak)
               << spec->name << "\n";
  Bench bench{*spec, peak, argc > 2 ? argv[2] : ""};
  pointwise(bench);
  convolutions(bench);
  winograds(bench);
  windows(bench);
  attentions(bench);
}
