// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels for aarch64 under qemu, against the reference.
#include "test/targets/cpu/KernelRun.h"

#include "compiler/support/Constants.h"
#include "targets/reference/Interpreter.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace visir;
using namespace visir::test;

namespace {

constexpr uint64_t kPage = 4096;

/// The file that aarch64_runner.c reads.
struct Image {
  std::vector<char> bytes = std::vector<char>(kPage);

  uint64_t append(ArrayRef<char> content, uint64_t alignment) {
    bytes.resize(llvm::alignTo(bytes.size(), alignment));
    uint64_t at = bytes.size();
    bytes.insert(bytes.end(), content.begin(), content.end());
    return at;
  }
};

/// Runs the kernel; gives its status, and the bindings as it leaves them.
int runUnderQemu(const cpu::CodeBlock &code, const KernelInfo &info,
                 std::vector<std::vector<char>> &bindings) {
  Image image;
  std::vector<uint64_t> header = {
      0, image.append(code.bytes, kPage) + code.functions[0].first,
      info.tileCount, 0, bindings.size()};
  for (auto &binding : bindings)
    header.push_back(image.append(binding, 64));
  header[3] = image.append(std::vector<char>(info.scratchBytes + 64), 64);
  image.append({}, kPage);
  header[0] = image.bytes.size();
  memcpy(image.bytes.data(), header.data(), header.size() * 8);

  SmallString<128> path;
  int file;
  if (llvm::sys::fs::createTemporaryFile("kernel", "bin", file, path))
    return -1;
  {
    llvm::raw_fd_ostream stream(file, /*shouldClose=*/true);
    stream.write(image.bytes.data(), image.bytes.size());
  }
  int status =
      llvm::sys::ExecuteAndWait(VISIR_QEMU, {VISIR_QEMU, VISIR_RUNNER, path});
  auto after = llvm::MemoryBuffer::getFile(path);
  llvm::sys::fs::remove(path);
  if (!after)
    return -1;
  for (auto [i, binding] : llvm::enumerate(bindings))
    memcpy(binding.data(), (*after)->getBufferStart() + header[5 + i],
           binding.size());
  return status;
}

void expectLikeReferenceOnArm(const DispatchText &text, double tolerance) {
  SCOPED_TRACE(text.module());
  OwningOpRef<ModuleOp> module = parse(text.module());
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  const cpu::CpuSpec &spec = *cpu::findSpec("aarch64");
  auto bindings = randomInputs(op, 1);
  SmallVector<reference::Tensor> operands;
  for (auto [value, bytes] : llvm::zip(op.getInputs(), bindings))
    operands.push_back(reference::Tensor::fromBytes(
        cast<RankedTensorType>(value.getType()), bytes));
  auto wanted = reference::evaluateOp(op, operands);
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(op.getLoc());
  ASSERT_TRUE(succeeded(cpu::chooseConfig(op, spec)));
  auto info = cpu::emitKernel(op, spec, *kernels, "k");
  ASSERT_TRUE(succeeded(info));
  auto code = cpu::compileKernels(*kernels, spec, {"k"});
  ASSERT_TRUE(succeeded(code));
  unsigned inputs = bindings.size();
  for (auto [j, value] : llvm::enumerate(op.getResults())) {
    auto type = cast<RankedTensorType>(value.getType());
    bindings.push_back(std::vector<char>(tensorBytes(type), 77));
  }
  ASSERT_EQ(runUnderQemu(*code, *info, bindings), 0);
  for (auto [j, tensor] : llvm::enumerate(*wanted))
    for (int64_t i = 0; i < tensor.size(); ++i) {
      double y = tensor.asDouble(i);
      ASSERT_NEAR(elementAsDouble(bindings[inputs + j], tensor.element(), i), y,
                  tolerance * std::max(1.0, std::abs(y)))
          << "element " << i;
    }
}

const char *kPass = "visir.yield %p0 : f32";
const char *kResult = "visir.yield %r0 : f32";

} // namespace

TEST(Aarch64, ElementwiseWithMath) {
  for (const char *op :
       {"math.exp", "math.tanh", "math.erf", "math.sin", "math.atan"})
    expectLikeReferenceOnArm(
        {"map",
         "[7, 29]",
         2,
         {{"7x29xf32", "(d0, d1) -> (d0, d1)"}},
         {{"7x29xf32", "(d0, d1) -> (d0, d1)"}},
         "visir.yield",
         std::string("%y = ") + op + " %e0 : f32 visir.yield %y : f32",
         {}},
        1e-6);
}

TEST(Aarch64, Transpose) {
  expectLikeReferenceOnArm({"map",
                            "[33, 70]",
                            2,
                            {{"70x33xf32", "(d0, d1) -> (d1, d0)"}},
                            {{"33x70xf32", "(d0, d1) -> (d0, d1)"}},
                            "visir.yield",
                            "visir.yield %e0 : f32",
                            {}},
                           1e-7);
}

TEST(Aarch64, NarrowFloats) {
  for (std::string type : {"f16", "bf16"})
    expectLikeReferenceOnArm(
        {"map",
         "[5, 19]",
         2,
         {{"5x19x" + type, "(d0, d1) -> (d0, d1)"}},
         {{"5x19x" + type, "(d0, d1) -> (d0, d1)"}},
         "visir.yield",
         "%x = arith.extf %e0 : " + type +
             " to f32 %y = arith.mulf %x, %x : f32 %r = arith.truncf %y : "
             "f32 to " +
             type + " visir.yield %r : " + type,
         {}},
        8e-3);
}

TEST(Aarch64, SoftmaxAndNorm) {
  for (const char *root : {"softmax", "norm, {epsilon = 1.0e-5 : f64}"})
    expectLikeReferenceOnArm({root,
                              "[5, 77]",
                              1,
                              {{"5x77xf32", "(d0, d1) -> (d0, d1)"}},
                              {{"5x77xf32", "(d0, d1) -> (d0, d1)"}},
                              kPass,
                              kResult,
                              {"f32"}},
                             1e-5);
}

TEST(Aarch64, MatrixProduct) {
  expectLikeReferenceOnArm({"contract",
                            "[37, 20, 24]",
                            2,
                            {{"37x24xf32", "(m, n, k) -> (m, k)"},
                             {"24x20xf32", "(m, n, k) -> (k, n)"}},
                            {{"37x20xf32", "(m, n, k) -> (m, n)"}},
                            "visir.yield %p0, %p1 : f32, f32",
                            kResult,
                            {"f32"}},
                           1e-5);
}

TEST(Aarch64, FactorsAreLanesOfVectors) {
  // 22 steps: groups of four, and two alone.
  DispatchText text = {"contract",
                       "[37, 32, 22]",
                       2,
                       {{"37x22xf32", "(m, n, k) -> (m, k)"},
                        {"22x32xf32", "(m, n, k) -> (k, n)"}},
                       {{"37x32xf32", "(m, n, k) -> (m, n)"}},
                       "visir.yield %p0, %p1 : f32, f32",
                       kResult,
                       {"f32"}};
  expectLikeReferenceOnArm(text, 1e-5);
  OwningOpRef<ModuleOp> module = parse(text.module());
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  for (const char *name : {"aarch64", "aarch64:neoverse-v2"}) {
    const cpu::CpuSpec &spec = *cpu::findSpec(name);
    OwningOpRef<ModuleOp> kernels = ModuleOp::create(op.getLoc());
    op.removeConfigAttr();
    ASSERT_TRUE(succeeded(cpu::chooseConfig(op, spec)));
    ASSERT_TRUE(succeeded(cpu::emitKernel(op, spec, *kernels, "k")));
    CompileDump dump;
    dump.wantsAssembly = true;
    ASSERT_TRUE(succeeded(cpu::compileKernels(*kernels, spec, {"k"}, &dump)));
    StringRef code = dump.assembly;
    for (const char *lane : {".s[0]", ".s[1]", ".s[2]", ".s[3]"})
      EXPECT_TRUE(code.contains(lane)) << name;
    size_t broadcasts = code.count("ld1r"), products = code.count("fmla");
    EXPECT_GT(products, 5 * broadcasts) << name;
  }
}

TEST(Aarch64, MaxPool) {
  expectLikeReferenceOnArm(
      {"reduce, {combiner = #visir<reduce_kind max>}",
       "[7, 6, 20, 3, 3]",
       3,
       {{"13x11x20xf32", "(y, x, c, i, j) -> (y * 2 + i - 1, x * 2 + j - 1, "
                         "c), padded = true, fill = -1.0e+30 : f64"}},
       {{"7x6x20xf32", "(y, x, c, i, j) -> (y, x, c)"}},
       kPass,
       kResult,
       {"f32"}},
      1e-6);
}
