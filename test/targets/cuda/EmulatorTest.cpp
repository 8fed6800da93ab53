// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the emulator finds wrong with kernels, and what kernels of products
// compute on it. The op cases run on it too (test.e2e.cuda).
#include "targets/cuda/emulator/Emulator.h"

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
/// k), plus one and plus a bias for each column.
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
    std::string bias = "tensor<" + join({n}) + "x" + element + ">";
    std::string c = "tensor<" + join({batches, m, n}) + "x" + element + ">";
    std::string map = "#visir.access<(d0, d1, d2, d3) -> ";
    std::string four = std::to_string(batches) + ", " + std::to_string(m) +
                       ", " + std::to_string(n) + ", " + std::to_string(k);
    std::string scalars = "%x: " + element + ", %y: " + element +
                          ", %z: " + element;
    bool whole = element[0] == 'i' || element[0] == 's';
    std::string scalar = whole ? "i32" : element;
    scalars = "%x: " + scalar + ", %y: " + scalar + ", %z: " + scalar;
    return "func.func @f(%a: " + a + ", %b: " + b + ", %c: " + bias +
           ") { %r = visir.dispatch <contract> domain = [" + four +
           "] parallel 3 (%a, %b, %c) loads [" + map + "(d0, d1, d3)>, " +
           map + (transposed ? "(d0, d2, d3)>, " : "(d0, d3, d2)>, ") + map +
           "(d2)>] stores [" + map + "(d0, d1, d2)>] ties [-1] : (" + a +
           ", " + b + ", " + bias + ") -> " + c + " prologue { ^bb0(" +
           scalars + "): visir.yield %x, %y : " + scalar + ", " + scalar +
           " } epilogue { ^bb0(%p: " + scalar + ", " + scalars + "): %q = " +
           (whole ? "arith.addi" : "arith.addf") + " %p, %z : " + scalar +
           " visir.yield %q : " + scalar + " } return }";
  }
};

SmallVector<char> randomBytes(Type element, int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  SmallVector<char> bytes(count * 4);
  for (int64_t i = 0; i < count; ++i) {
    int32_t whole = int32_t(random() % 15) - 7;
    float number = std::uniform_real_distribution<float>(-2, 2)(random);
    std::memcpy(bytes.data() + 4 * i,
                element.isF32() ? static_cast<void *>(&number) : &whole, 4);
  }
  return bytes;
}

/// Runs the product's kernel and compares it with the reference; returns
/// whether it uses matrix units.
bool expectLikeReference(const Product &product, const char *arch) {
  KernelRun run;
  SCOPED_TRACE(product.text());
  auto module = parseSourceString<ModuleOp>(product.text(), &run.context);
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
        1e-6 * double(product.k)) {
      ADD_FAILURE() << "element " << i << " is " << got.asDouble(i)
                    << ", expected " << (*wanted)[0].asDouble(i);
      break;
    }
  return func
      .walk([](NVVM::MmaOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
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
