// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/CudaKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace visir;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

/// A module with one map over `extent` elements whose input is gathered.
std::string gatherText(const std::string &extent) {
  std::string tensor = "tensor<" + extent + "xf32>";
  return "func.func @f(%x: " + tensor + ", %i: tensor<" + extent +
         "xsi64>) { %r = visir.dispatch <map> domain = [" + extent +
         "] parallel 1 (%x, %i) loads [#visir.access<(d0) -> (0), index_axes "
         "= [0], index_loads = [1]>, #visir.access<(d0) -> (d0)>] stores "
         "[#visir.access<(d0) -> (d0)>] ties [-1] : (" +
         tensor + ", tensor<" + extent + "xsi64>) -> " + tensor +
         " prologue { ^bb0(%a: f32, %b: i64): visir.yield } epilogue { "
         "^bb0(%a: f32, %b: i64): %y = math.tanh %a : f32 visir.yield %y : "
         "f32 } return }";
}

struct Fixture {
  Fixture(const std::string &text) {
    context.loadDialect<VisirDialect, func::FuncDialect, arith::ArithDialect,
                        math::MathDialect>();
    context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
      message += diagnostic.str();
      return success();
    });
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return;
    module->walk([&](DispatchOp found) { op = found; });
    kernels = cuda::makeKernelModule(context);
  }

  MLIRContext context;
  std::string message;
  OwningOpRef<ModuleOp> module, kernels;
  DispatchOp op;
};

} // namespace

TEST(Cuda, ArchitecturesAreFoundByName) {
  for (const cuda::Arch &arch : cuda::architectures())
    EXPECT_EQ(cuda::findArch(arch.name), &arch);
  EXPECT_EQ(cuda::findArch("sm_91"), nullptr);
  EXPECT_EQ(cuda::findArch(""), nullptr);
}

TEST(Cuda, KernelsCallNothing) {
  for (const cuda::Arch &arch : cuda::architectures()) {
    Fixture fixture(gatherText("1000"));
    ASSERT_TRUE(fixture.op) << fixture.message;
    auto kernel = cuda::emitKernel(fixture.op, *fixture.kernels, arch, "k");
    ASSERT_TRUE(succeeded(kernel)) << fixture.message;
    EXPECT_EQ(kernel->info.tileCount, 8u);
    EXPECT_EQ(kernel->threads, 128);
    auto ptx = cuda::compileToPtx(*fixture.kernels, arch, nullptr);
    ASSERT_TRUE(succeeded(ptx)) << fixture.message;
    EXPECT_THAT(*ptx, HasSubstr(std::string(".target ") + arch.name));
    EXPECT_THAT(*ptx, HasSubstr(".entry k("));
    EXPECT_THAT(*ptx, HasSubstr(".maxntid 128"));
    // The last of the input, the indices, the result and the status.
    EXPECT_THAT(*ptx, HasSubstr("k_param_3"));
    EXPECT_THAT(*ptx, Not(HasSubstr("k_param_4")));
    EXPECT_THAT(*ptx, HasSubstr("ld.global"));
    EXPECT_THAT(*ptx, Not(HasSubstr("call")));
    EXPECT_THAT(*ptx, Not(HasSubstr(".local")));
  }
}

TEST(Cuda, TooManyElementsAreRefused) {
  Fixture fixture(gatherText("2147483648"));
  ASSERT_TRUE(fixture.op) << fixture.message;
  EXPECT_TRUE(failed(cuda::emitKernel(fixture.op, *fixture.kernels,
                                      *cuda::findArch("sm_90"), "k")));
  EXPECT_THAT(fixture.message,
              HasSubstr("number of invocations is 2147483648, expected at "
                        "most 2147483519"));
}

TEST(Cuda, ErrorsOfPtxasAreHandedOn) {
  auto cubin = cuda::assemble("/bin/false", "", *cuda::findArch("sm_90"));
  ASSERT_FALSE(bool(cubin));
  EXPECT_EQ(llvm::toString(cubin.takeError()), "ptxas fails: ");
}
