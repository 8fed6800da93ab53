// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/math/MathLowering.h"
#include "targets/cuda/codegen/CudaKernel.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

/// Indices are 32 bits wide in all conversions.
template <typename Options> static Options withIndexBits() {
  Options options;
  options.indexBitwidth = 32;
  return options;
}

/// What PTX must know of a kernel; every function is one.
static void markKernels(ModuleOp kernels) {
  Builder b(kernels.getContext());
  for (auto func : kernels.getOps<LLVM::LLVMFuncOp>()) {
    func->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                  b.getUnitAttr());
    auto threads = func->getAttrOfType<IntegerAttr>(kThreadsAttr);
    func->setAttr(NVVM::NVVMDialect::getMaxntidAttrName(),
                  b.getDenseI32ArrayAttr({int32_t(threads.getInt()), 1, 1}));
    func->removeAttr(kThreadsAttr);
    if (auto blocks = func->getAttrOfType<IntegerAttr>(kResidentAttr)) {
      func->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    b.getI32IntegerAttr(int32_t(blocks.getInt())));
      func->removeAttr(kResidentAttr);
    }
  }
}

static void addCleanUp(PassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

LogicalResult cuda::expandMath(ModuleOp kernels) {
  PassManager pm(kernels.getContext());
  addCleanUp(pm);
  MathTraits traits;
  traits.half = true;
  pm.addPass(createMathLoweringPass(traits));
  addCleanUp(pm);
  return pm.run(kernels);
}

static LogicalResult lowerToNVVM(ModuleOp kernels) {
  if (failed(expandMath(kernels)))
    return failure();
  PassManager pm(kernels.getContext());
  pm.enableVerifier(false);
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass(
      withIndexBits<UBToLLVMConversionPassOptions>()));
  pm.addPass(createArithToLLVMConversionPass(
      withIndexBits<ArithToLLVMConversionPassOptions>()));
  pm.addPass(createConvertControlFlowToLLVMPass(
      withIndexBits<ConvertControlFlowToLLVMPassOptions>()));
  pm.addPass(createFinalizeMemRefToLLVMConversionPass(
      withIndexBits<FinalizeMemRefToLLVMConversionPassOptions>()));
  auto functions = withIndexBits<ConvertFuncToLLVMPassOptions>();
  functions.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(functions));
  pm.addPass(createReconcileUnrealizedCastsPass());
  addCleanUp(pm);
  if (failed(pm.run(kernels)))
    return failure();
  markKernels(kernels);
  return success();
}

static void initialiseTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

static std::unique_ptr<llvm::TargetMachine> makeMachine(const Arch &arch) {
  initialiseTarget();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, arch.name, arch.ptx, options, llvm::Reloc::PIC_, std::nullopt,
      llvm::CodeGenOptLevel::Aggressive));
}

static void optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

static std::unique_ptr<llvm::Module> translate(ModuleOp kernels,
                                               llvm::LLVMContext &context) {
  registerBuiltinDialectTranslation(*kernels.getContext());
  registerLLVMDialectTranslation(*kernels.getContext());
  registerNVVMDialectTranslation(*kernels.getContext());
  return translateModuleToLLVMIR(kernels, context);
}

FailureOr<std::string> cuda::compileToPtx(ModuleOp kernels, const Arch &arch,
                                          CompileDump *dump) {
  if (failed(lowerToNVVM(kernels)))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = translate(kernels, context);
  if (!module)
    return kernels.emitError("kernels cannot be translated to LLVM IR");
  auto machine = makeMachine(arch);
  if (!machine)
    return kernels.emitError("LLVM has no code generator for NVPTX");
  module->setTargetTriple(machine->getTargetTriple());
  module->setDataLayout(machine->createDataLayout());
  optimise(*module, *machine);
  if (dump)
    llvm::raw_string_ostream(dump->llvmIR) << *module;
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager pm;
  if (machine->addPassesToEmitFile(pm, stream, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile))
    return kernels.emitError("the target cannot emit PTX");
  pm.run(*module);
  if (dump)
    dump->assembly = text.str().str();
  return text.str().str();
}
