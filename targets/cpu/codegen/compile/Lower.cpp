// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/math/MathLowering.h"
#include "targets/cpu/codegen/compile/Stages.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

LogicalResult cpu::lowerToLLVMDialect(ModuleOp kernels, const CpuSpec &spec) {
  PassManager pm(kernels.getContext());
  pm.enableVerifier(false);
  auto cleanUp = [&] {
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
  };
  cleanUp();
  // Functions of math leave before the conversions: none may reach libm.
  pm.addNestedPass<func::FuncOp>(createMathLoweringPass(spec.math()));
  cleanUp();
  if (spec.isX86())
    pm.addNestedPass<func::FuncOp>(createUseExtremesPass(spec));
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  // The folder makes ub.poison of undefined values.
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions bare;
  bare.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(bare));
  pm.addPass(createReconcileUnrealizedCastsPass());
  cleanUp();
  return pm.run(kernels);
}
