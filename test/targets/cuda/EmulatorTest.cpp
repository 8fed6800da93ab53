// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the emulator finds wrong with kernels, and what kernels of products
// compute on it. The op cases run on it too (test.e2e.cuda).
#include "targets/cuda/emulator/Emulator.h"

#include "compiler/support/Constants.h"
#include "targets/cuda/codegen/CudaKernel.h"
#include "targets/reference/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <random>

using namespace mlir;
using namespace visir;
using ::testing::HasSubstr;

namespace {

struct KernelRun {
  KernelRun() {
    context.loadDialect<VisirDialect, func::FuncDialect, arith::ArithDialect,
                        math::MathDialect>();
    context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
      message += diagnostic.str();
      return success();
    });
    (void)cuda::makeKernelModule(context);
  }

  /// Runs a kernel of one block of 64 threads whose body knows its thread %t,
  /// %x of 64 numbers, and shared memory %s for 64 of them.
  LogicalResult body(const std::string &text) {
    std::string module =
        "memref.global \"private\" @s : memref<64xf32, 3> = uninitialized "
        "func.func @k(%x: memref<64xf32, 1>, %status: memref<1xi32, 1>) { "
        "%c0 = arith.constant 0 : index %c1 = arith.constant 1 : index "
        "%c32 = arith.constant 32 : index %c63 = arith.constant 63 : index "
        "%n = nvvm.read.ptx.sreg.tid.x : i32 "
        "%t = arith.index_cast %n : i32 to index "
        "%back = arith.subi %c63, %t : index "
        "%s = memref.get_global @s : memref<64xf32, 3> "
        "%v = memref.load %x[%t] : memref<64xf32, 1> " +
        text + " return }";
    auto parsed = parseSourceString<ModuleOp>(module, &context);
    EXPECT_TRUE(parsed) << message;
    for (int i = 0; i < 64; ++i)
      numbers.push_back(float(i));
    int32_t status = 0;
    MutableArrayRef<char> parameters[] = {
        {reinterpret_cast<char *>(numbers.data()), 256},
        {reinterpret_cast<char *>(&status), 4}};
    return cuda::emulate(*parsed->getOps<func::FuncOp>().begin(), parameters,
                         /*blocks=*/1, /*threads=*/64);
  }

  MLIRContext context;
  std::string message;
  std::vector<float> numbers;
};

const std::string kWrite = "memref.store %v, %s[%t] : memref<64xf32, 3> ";
const std::string kRead = "%w = memref.load %s[%back] : memref<64xf32, 3> "
                          "memref.store %w, %x[%t] : memref<64xf32, 1> ";
const std::string kBarrier = "nvvm.barrier0 ";

/// "1x2x3"
std::string join(ArrayRef<int64_t> sizes) {
  std::string text;
  for (int64_t size : sizes)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

/// A batched product of a (b, m, k) with b (b, k, n) or, transposed, (b, n,
/// k), plus a bias for each column. Of narrow factors it is of f32.
struct Product {
  int64_t batches, m, n, k;
  bool transposed = false;
  std::string element = "f32";

  std::string text() const {
    std::string a = "tensor<" + join({batches, m, k}) + "x" + element + ">";
    std::string b =
        "tensor<" +
        (transposed ? join({batches, n, k}) : join({batches, k, n})) + "x" +
        element + ">";
    bool narrow = element == "f16" || element == "bf16";
    std::string sum = narrow ? "f32" : element;
    std::string bias = "tensor<" + join({n}) + "x" + sum + ">";
    std::string c = "tensor<" + join({batches, m, n}) + "x" + sum + ">";
    std::string map = "#visir.access<(d0, d1, d2, d3) -> ";
    std::string four = std::to_string(batches) + ", " + std::to_string(m) +
                       ", " + std::to_string(n) + ", " + std::to_string(k);
    bool whole = element[0] == 's';
    std::string scalar = whole ? "i32" : element;
    std::string wide = narrow ? "f32" : scalar;
    std::string scalars = "%x: " + scalar + ", %y: " + scalar + ", %z: " + wide;
    std::string prologue = "visir.yield %x, %y : " + wide + ", " + wide;
    if (narrow)
      prologue = "%u = arith.extf %x : " + element +
                 " to f32 %v = arith.extf %y : " + element +
                 " to f32 visir.yield %u, %v : f32, f32";
    return "func.func @f(%a: " + a + ", %b: " + b + ", %c: " + bias +
           ") { %r = visir.dispatch <contract> domain = [" + four +
           "] parallel 3 (%a, %b, %c) loads [" + map + "(d0, d1, d3)>, " +
           map + (transposed ? "(d0, d2, d3)>, " : "(d0, d3, d2)>, ") + map +
           "(d2)>] stores [" + map + "(d0, d1, d2)>] ties [-1] : (" + a +
           ", " + b + ", " + bias + ") -> " + c + " prologue { ^bb0(" +
           scalars + "): " + prologue + " } epilogue { ^bb0(%p: " + wide +
           ", " + scalars + "): %q = " +
           (whole ? "arith.addi" : "arith.addf") + " %p, %z : " + wide +
           " visir.yield %q : " + wide + " } return }";
  }
};

SmallVector<char> randomBytes(Type element, int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  SmallVector<char> bytes(count * elementBytes(element));
  for (int64_t i = 0; i < count; ++i)
    if (isa<FloatType>(element))
      storeDouble(bytes, element, i,
                  std::uniform_real_distribution<float>(-2, 2)(random));
    else
      storeInt(bytes, element, i, int32_t(random() % 15) - 7);
  return bytes;
}

/// Whether the kernel has ops of a kind.
template <typename Op> bool has(func::FuncOp kernel) {
  return kernel.walk([](Op) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

/// Runs the kernel of the dispatch in `text` and compares it with the
/// reference; returns whether it uses matrix units. `copied`, when not null,
/// receives whether it copies tiles.
bool expectLikeReference(const std::string &text, double tolerance,
                         const char *arch, bool *copied = nullptr) {
  KernelRun run;
  SCOPED_TRACE(text);
  auto module = parseSourceString<ModuleOp>(text, &run.context);
  if (!module) {
    ADD_FAILURE() << run.message;
    return false;
  }
  DispatchOp op;
  module->walk([&](DispatchOp found) { op = found; });
  auto kernels = cuda::makeKernelModule(run.context);
  auto kernel =
      cuda::emitKernel(op, *kernels, *cuda::findArch(arch), "kernel");
  EXPECT_TRUE(succeeded(kernel) && succeeded(cuda::expandMath(*kernels)))
      << run.message;
  std::vector<SmallVector<char>> memory;
  SmallVector<reference::Tensor> operands;
  for (Value input : op.getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    memory.push_back(randomBytes(type.getElementType(), type.getNumElements(),
                                 memory.size()));
    operands.push_back(reference::Tensor::fromBytes(type, memory.back()));
  }
  auto type = cast<RankedTensorType>(op.getResultTypes()[0]);
  memory.push_back(SmallVector<char>(type.getNumElements() * 4, 77));
  memory.push_back(SmallVector<char>(4, 0));
  std::vector<MutableArrayRef<char>> parameters(memory.begin(), memory.end());
  auto func = *kernels->getOps<func::FuncOp>().begin();
  EXPECT_TRUE(succeeded(cuda::emulate(
      func, parameters, kernel->info.tileCount, kernel->threads)))
      << run.message;
  auto wanted = reference::evaluateOp(op, operands);
  auto got = reference::Tensor::fromBytes(type, memory[3]);
  for (int64_t i = 0; i < got.size(); ++i)
    if (std::abs(got.asDouble(i) - (*wanted)[0].asDouble(i)) >
        tolerance) {
      ADD_FAILURE() << "element " << i << " is " << got.asDouble(i)
                    << ", expected " << (*wanted)[0].asDouble(i);
      break;
    }
  if (copied)
    *copied = has<NVVM::CpAsyncOp>(func);
  return has<NVVM::MmaOp>(func);
}

bool expectLikeReference(const Product &product, const char *arch,
                         bool *copied = nullptr) {
  return expectLikeReference(product.text(), 1e-6 * double(product.k), arch,
                             copied);
}

/// A convolution of `inner` channels with 3 x 3 taps, a border of zeros and
/// these strides, to 12 channels of 5 x 7, plus its own bias; or with channels
/// last in what it reads.
std::string convolution(int64_t batch, int64_t inner, int64_t stride,
                        bool channelsLast = false) {
  std::string s = std::to_string(stride);
  std::string ci = std::to_string(inner), n = std::to_string(batch);
  SmallVector<int64_t> in{batch, inner, 5 * stride, 7 * stride};
  SmallVector<int64_t> weights{12, inner, 3, 3};
  std::string rows = "d1 * " + s + " + d4 - 1, d2 * " + s + " + d5 - 1";
  std::string from = "d6, " + rows, by = "d3, d6, d4, d5";
  if (channelsLast) {
    std::rotate(in.begin() + 1, in.begin() + 2, in.end());
    std::rotate(weights.begin() + 1, weights.begin() + 2, weights.end());
    from = rows + ", d6";
    by = "d3, d4, d5, d6";
  }
  std::string x = "tensor<" + join(in) + "xf16>";
  std::string w = "tensor<" + join(weights) + "xf16>";
  std::string y = "tensor<" + join({batch, 12, 5, 7}) + "xf32>";
  std::string map = "<(d0, d1, d2, d3, d4, d5, d6) -> ";
  return "func.func @f(%x: " + x + ", %w: " + w +
         ", %b: tensor<12xf32>) { %r = visir.dispatch <contract> domain = [" +
         n + ", 5, 7, 12, 3, 3, " + ci + "] parallel 4 (%x, %w, %b) loads [" +
         "#visir.access" + map + "(d0, " + from +
         "), padded = true, fill = 0.0 : f32>, #visir.access" + map + "(" +
         by + ")>, #visir.access" + map +
         "(d3)>] stores [#visir.access" + map +
         "(d0, d3, d1, d2)>] ties [-1] : (" + x + ", " + w +
         ", tensor<12xf32>) -> " + y +
         " prologue { ^bb0(%p: f16, %q: f16, %c: f32): %u = arith.extf %p : "
         "f16 to f32 %v = arith.extf %q : f16 to f32 visir.yield %u, %v : "
         "f32, f32 } epilogue { ^bb0(%s: f32, %p: f16, %q: f16, %c: f32): "
         "%t = arith.addf %s, %c : f32 visir.yield %t : f32 } return }";
}

/// Attention of m queries to n keys of d elements, with values of e, twice; of
/// f16 or f32.
std::string attention(int64_t m, int64_t n, int64_t d, int64_t e,
                      const std::string &element = "f16") {
  std::string q = "tensor<" + join({2, m, d}) + "x" + element + ">";
  std::string k = "tensor<" + join({2, n, d}) + "x" + element + ">";
  std::string v = "tensor<" + join({2, n, e}) + "x" + element + ">";
  std::string scalars = "%x: " + element + ", %y: " + element + ", %z: " +
                        element;
  std::string prologue = "visir.yield %x, %y, %z : f32, f32, f32";
  if (element != "f32")
    prologue = "%a = arith.extf %x : f16 to f32 %b = arith.extf %y : f16 to "
               "f32 %c = arith.extf %z : f16 to f32 visir.yield %a, %b, %c : "
               "f32, f32, f32";
  std::string y = "tensor<" + join({2, m, e}) + "xf32>";
  std::string map = "#visir.access<(d0, d1, d2, d3, d4) -> ";
  return "func.func @f(%q: " + q + ", %k: " + k + ", %v: " + v +
         ") { %r = visir.dispatch <attention, {causal, scale = 0.25 : f64}> "
         "domain = [2, " + std::to_string(m) + ", " + std::to_string(e) +
         ", " + std::to_string(n) + ", " + std::to_string(d) +
         "] parallel 3 (%q, %k, %v) loads [" + map + "(d0, d1, d4)>, " + map +
         "(d0, d3, d4)>, " + map + "(d0, d3, d2)>] stores [" + map +
         "(d0, d1, d2)>] ties [-1] : (" + q + ", " + k + ", " + v + ") -> " +
         y + " prologue { ^bb0(" + scalars + "): " + prologue +
         " } epilogue { ^bb0(%s: f32, " + scalars +
         "): visir.yield %s : f32 } return }";
}

} // namespace

TEST(Emulator, BarriersOrderSharedMemory) {
  KernelRun run;
  ASSERT_TRUE(succeeded(run.body(kWrite + kBarrier + kRead))) << run.message;
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(run.numbers[i], float(63 - i));
}

TEST(Emulator, RacesAreErrors) {
  KernelRun reads;
  EXPECT_TRUE(failed(reads.body(kWrite + kRead)));
  EXPECT_THAT(reads.message, HasSubstr("threads 63 and 0 write and read "
                                       "element 63 of shared memory without "
                                       "a barrier between"));
  KernelRun writes;
  EXPECT_TRUE(failed(
      writes.body("memref.store %v, %s[%c0] : memref<64xf32, 3> ")));
  EXPECT_THAT(writes.message, HasSubstr("threads 0 and 1 both write element "
                                        "0 of shared memory"));
  KernelRun late;
  EXPECT_TRUE(failed(late.body(
      kWrite + kBarrier + "%w = memref.load %s[%back] : memref<64xf32, 3> " +
      kWrite)));
  EXPECT_THAT(late.message, HasSubstr("threads 63 and 0 read and write "
                                      "element 0 of shared memory"));
  KernelRun global;
  EXPECT_TRUE(failed(
      global.body("memref.store %v, %x[%c0] : memref<64xf32, 1> ")));
  EXPECT_THAT(global.message, HasSubstr("element 0 of global memory"));
}

TEST(Emulator, OtherMistakesAreErrors) {
  KernelRun bounds;
  EXPECT_TRUE(failed(bounds.body(
      "%i = arith.addi %t, %c1 : index "
      "%w = memref.load %x[%i] : memref<64xf32, 1> ")));
  EXPECT_THAT(bounds.message,
              HasSubstr("element is 64, expected 0 to 63"));
  KernelRun unwritten;
  EXPECT_TRUE(failed(unwritten.body(kRead)));
  EXPECT_THAT(unwritten.message,
              HasSubstr("element 63 of shared memory is read before it is "
                        "written"));
  KernelRun divergent;
  EXPECT_TRUE(failed(divergent.body(
      "%some = arith.cmpi ult, %t, %c32 : index scf.if %some { "
      "nvvm.barrier0 } ")));
  EXPECT_THAT(divergent.message,
              HasSubstr("number of threads that come here is 32, expected "
                        "all 64"));
}

TEST(Emulator, ProductsAreRight) {
  for (bool transposed : {false, true})
    for (auto [batches, m, n, k] :
         {std::tuple(1, 1, 40, 100), {1, 40, 1, 33}, {2, 33, 17, 5},
          {1, 70, 130, 24}, {3, 16, 16, 64}, {1, 129, 65, 40}})
      EXPECT_FALSE(
          expectLikeReference({batches, m, n, k, transposed}, "sm_75"));
  EXPECT_FALSE(expectLikeReference({1, 20, 30, 40, false, "si32"}, "sm_80"));
}

TEST(Emulator, MatrixUnitsAreRight) {
  for (bool transposed : {false, true})
    EXPECT_TRUE(
        expectLikeReference({1, 128, 1568, 64, transposed}, "sm_80"));
  EXPECT_TRUE(expectLikeReference({2, 130, 785, 60}, "sm_80"));
}

TEST(Emulator, MatricesOfNarrowTypesAreRight) {
  for (const char *element : {"f16", "bf16"})
    for (bool transposed : {false, true})
      for (auto [batches, m, n, k] :
           {std::tuple(1, 8, 40, 100), {1, 40, 9, 33}, {2, 33, 17, 16},
            {1, 70, 130, 24}, {3, 16, 32, 64}, {1, 129, 65, 41}})
        EXPECT_TRUE(expectLikeReference(
            {batches, m, n, k, transposed, element}, "sm_80"));
  // One row has nothing for matrices.
  EXPECT_FALSE(expectLikeReference({1, 1, 40, 100, true, "f16"}, "sm_80"));
}

TEST(Emulator, TilesOfNarrowTypesAreCopied) {
  // By 16, 8 and 4 bytes along both sides, and not at all.
  for (bool transposed : {false, true})
    for (auto [n, k, wanted] :
         {std::tuple(64, 96, true), {68, 100, true}, {70, 98, true},
          {71, 99, false}}) {
      bool copied = false;
      EXPECT_TRUE(expectLikeReference({1, 65, n, k, transposed, "f16"},
                                      "sm_80", &copied));
      EXPECT_EQ(copied, wanted) << n << " x " << k;
    }
}

TEST(Emulator, ConvolutionsOfNarrowTypesAreRight) {
  for (auto [batch, inner, stride] :
       {std::tuple(1, 3, 1), {2, 9, 1}, {1, 16, 2}, {3, 5, 2}})
    EXPECT_TRUE(expectLikeReference(convolution(batch, inner, stride),
                                    1e-5 * double(inner), "sm_80"));
}

TEST(Emulator, BordersAreCopiedAsZeros) {
  for (auto [inner, stride, wanted] :
       {std::tuple(16, 1, true), {24, 2, true}, {36, 1, true}, {9, 1, false}}) {
    bool copied = false;
    EXPECT_TRUE(expectLikeReference(convolution(2, inner, stride, true),
                                    1e-5 * double(inner), "sm_80", &copied));
    EXPECT_EQ(copied, wanted) << inner;
  }
}

TEST(Emulator, AttentionOfNarrowTypesIsRight) {
  // Weights are rounded; values are below 2.
  constexpr double kTolerance = 2 * 0x1p-11;
  for (auto [m, n, d, e, wanted] :
       {std::tuple(8, 8, 8, 8, true), {17, 40, 24, 40, true},
        {80, 70, 16, 128, true}, {33, 33, 12, 20, false}}) {
    bool copied = false;
    EXPECT_TRUE(expectLikeReference(attention(m, n, d, e), kTolerance,
                                    "sm_80", &copied));
    EXPECT_EQ(copied, wanted) << d << " and " << e;
  }
  // Few queries, or elements beyond what registers hold.
  EXPECT_FALSE(
      expectLikeReference(attention(7, 40, 16, 16), kTolerance, "sm_80"));
  EXPECT_FALSE(
      expectLikeReference(attention(16, 9, 16, 136), kTolerance, "sm_80"));
}

TEST(Emulator, AttentionOfFloatsIsRight) {
  constexpr double kTolerance = 1e-5;
  for (auto [m, n, d, e] :
       {std::tuple(8, 8, 8, 8), {17, 40, 24, 40}, {80, 70, 16, 128},
        {33, 33, 12, 20}, {20, 50, 64, 64}, {16, 40, 5, 3}}) {
    bool copied = false;
    EXPECT_TRUE(expectLikeReference(attention(m, n, d, e, "f32"), kTolerance,
                                    "sm_80", &copied));
    EXPECT_TRUE(copied);
  }
  // Both parts of longer queries are too many for registers; and before sm_80
  // there are no such units.
  EXPECT_FALSE(expectLikeReference(attention(16, 9, 72, 16, "f32"),
                                   kTolerance, "sm_80"));
  EXPECT_FALSE(expectLikeReference(attention(16, 9, 16, 16, "f32"),
                                   kTolerance, "sm_75"));
}

static const std::string kPointers =
    "%d = builtin.unrealized_conversion_cast %s : memref<64xf32, 3> to "
    "!llvm.struct<(ptr<3>, ptr<3>, i32, array<1 x i32>, array<1 x i32>)> "
    "%p = llvm.extractvalue %d[1] : "
    "!llvm.struct<(ptr<3>, ptr<3>, i32, array<1 x i32>, array<1 x i32>)> "
    "%e = builtin.unrealized_conversion_cast %x : memref<64xf32, 1> to "
    "!llvm.struct<(ptr<1>, ptr<1>, i32, array<1 x i32>, array<1 x i32>)> "
    "%q = llvm.extractvalue %e[1] : "
    "!llvm.struct<(ptr<1>, ptr<1>, i32, array<1 x i32>, array<1 x i32>)> "
    "%to = llvm.getelementptr %p[%n] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, "
    "f32 %from = llvm.getelementptr %q[%n] : (!llvm.ptr<1>, i32) -> "
    "!llvm.ptr<1>, f32 ";
static const std::string kCopy =
    kPointers + "nvvm.cp.async.shared.global %to, %from, 4, cache = ca : "
                "!llvm.ptr<3>, !llvm.ptr<1> ";
static const std::string kCommit = "nvvm.cp.async.commit.group ";
static const std::string kWait = "nvvm.cp.async.wait.group 0 ";

TEST(Emulator, CopiesArriveWhenTheyAreWaitedFor) {
  KernelRun run;
  ASSERT_TRUE(succeeded(
      run.body(kCopy + kCommit + kWait + kBarrier + kRead)))
      << run.message;
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(run.numbers[i], float(63 - i));
}

TEST(Emulator, MistakesWithCopiesAreErrors) {
  const char *early = "is touched while a copy to it is on its way";
  KernelRun notWaited;
  EXPECT_TRUE(failed(notWaited.body(kCopy + kCommit + kBarrier + kRead)));
  EXPECT_THAT(notWaited.message, HasSubstr(early));
  KernelRun pending;
  EXPECT_TRUE(failed(
      pending.body(kCopy + kCommit + "nvvm.cp.async.wait.group 1 " + kBarrier +
                   kRead)));
  EXPECT_THAT(pending.message, HasSubstr(early));
  KernelRun notCommitted;
  EXPECT_TRUE(failed(notCommitted.body(kCopy + kWait + kBarrier + kRead)));
  EXPECT_THAT(notCommitted.message, HasSubstr(early));
  KernelRun withoutBarrier;
  EXPECT_TRUE(failed(withoutBarrier.body(kCopy + kCommit + kWait + kRead)));
  EXPECT_THAT(withoutBarrier.message, HasSubstr("write and read element 63"));
  KernelRun left;
  EXPECT_TRUE(failed(left.body(kCopy + kCommit)));
  EXPECT_THAT(left.message,
              HasSubstr("copies are on their way when the kernel ends"));
}
