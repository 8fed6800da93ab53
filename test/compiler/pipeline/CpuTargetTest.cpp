// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/CpuTarget.h"

#include "targets/cpu/abi/kernel_abi.h"
#include "targets/cpu/codegen/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace visir;

static const char *kProduct = R"(
func.func @main(%a: tensor<64x96xf32> {visir.name = "a"},
                %b: tensor<96x256xf32> {visir.name = "b"})
    -> (tensor<64x256xf32> {visir.name = "y"}) attributes {visir.entry} {
  %y = visir.dispatch <contract> domain = [64, 256, 96] parallel 2 (%a, %b)
    loads [#visir.access<(d0, d1, d2) -> (d0, d2)>,
           #visir.access<(d0, d1, d2) -> (d2, d1)>]
    stores [#visir.access<(d0, d1, d2) -> (d0, d1)>] ties [-1]
    : (tensor<64x96xf32>, tensor<96x256xf32>) -> (tensor<64x256xf32>)
    prologue { ^bb0(%x0: f32, %x1: f32):
      visir.yield %x0, %x1 : f32, f32
    }
    epilogue { ^bb0(%s: f32, %x0: f32, %x1: f32):
      visir.yield %s : f32
    }
  return %y : tensor<64x256xf32>
})";

/// Compiles the product for a core with so many vector registers in the eyes
/// of the plan; `remarks` receives what is said.
static FailureOr<ProgramCode> compileFor(MLIRContext &context,
                                         OwningOpRef<ModuleOp> &module,
                                         unsigned registers,
                                         std::string &remarks) {
  context.loadDialect<VisirDialect, exec::VisirExecDialect, func::FuncDialect,
                      arith::ArithDialect>();
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    remarks += diagnostic.str() + "\n";
    return success();
  });
  module = parseSourceString<ModuleOp>(kProduct, &context);
  cpu::CpuSpec spec = *cpu::findSpec("x86-64-v4");
  spec.vectorRegisters = registers;
  std::unique_ptr<TargetCompiler> target =
      makeCpuTarget(context, spec, {}, /*plain=*/false);
  return compileForTarget(*module, *target, Precision::Fp32);
}

TEST(CpuTarget, ShrinksTilesWhoseFramesAreTooLarge) {
  // Tiles for 160 registers spill to more than a frame may have.
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string remarks;
  FailureOr<ProgramCode> code = compileFor(context, module, 160, remarks);
  ASSERT_TRUE(succeeded(code)) << remarks;
  EXPECT_THAT(remarks, ::testing::HasSubstr(
                           "stack frame of k0_contract is too large: "
                           "emitted anew for 80 vector registers"));
  ASSERT_EQ(code->frameBytes.size(), 1u);
  EXPECT_LE(code->frameBytes[0], VISIR_CPU_MAX_FRAME_BYTES);
}

TEST(CpuTarget, KeepsTilesThatFit) {
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::string remarks;
  FailureOr<ProgramCode> code = compileFor(context, module, 32, remarks);
  ASSERT_TRUE(succeeded(code)) << remarks;
  EXPECT_THAT(remarks, ::testing::Not(::testing::HasSubstr("emitted anew")));
}
