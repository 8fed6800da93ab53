// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/KernelBuilder.h"
#include "targets/cpu/codegen/compile/Stages.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace visir;
using namespace visir::cpu;

/// Only the processors of the specs: a statically linked compiler then holds
/// no other code generator.
static void initialiseTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
  });
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
cpu::makeTargetMachine(const CpuSpec &spec) {
  initialiseTargets();
  llvm::Triple triple(spec.triple);
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError(error);
  llvm::TargetOptions options;
  options.EmitStackSizeSection = true;
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      triple, spec.cpu, spec.features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Aggressive));
  if (!machine)
    return llvm::createStringError("no code generator for " + spec.triple);
  return machine;
}

/// Scalars are the integers behind the body's last pointer, the scratch.
static unsigned countScalars(const llvm::Function &body) {
  unsigned count = 0;
  while (!body.getArg(body.arg_size() - 1 - count)->getType()->isPointerTy())
    ++count;
  return count;
}

/// i32 symbol(ptr env, ptr args, i32 begin, i32 end, ptr scratch), which
/// loads the bindings and scalars and calls the body. It stands right before
/// the body, so that the two are one range of code.
static void addWrapper(llvm::Function &body) {
  llvm::Module &module = *body.getParent();
  llvm::LLVMContext &context = module.getContext();
  llvm::StringRef symbol = body.getName().drop_back(kBodySuffix.size());
  auto *pointer = llvm::PointerType::get(context, 0);
  auto *i32 = llvm::Type::getInt32Ty(context);
  auto *type = llvm::FunctionType::get(
      i32, {pointer, pointer, i32, i32, pointer}, false);
  auto *wrapper = llvm::Function::Create(
      type, llvm::GlobalValue::ExternalLinkage, symbol);
  wrapper->setVisibility(llvm::GlobalValue::HiddenVisibility);
  wrapper->setDSOLocal(true);
  module.getFunctionList().insert(body.getIterator(), wrapper);

  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", wrapper));
  llvm::Value *table = b.CreateLoad(pointer, wrapper->getArg(1));
  llvm::SmallVector<llvm::Value *> arguments;
  unsigned scalars = countScalars(body);
  unsigned bindings = body.arg_size() - 3 - scalars;
  for (unsigned i = 0; i < bindings; ++i)
    arguments.push_back(b.CreateLoad(
        pointer, b.CreateConstInBoundsGEP1_64(pointer, table, i)));
  arguments.push_back(b.CreateZExt(wrapper->getArg(2), b.getInt64Ty()));
  arguments.push_back(b.CreateZExt(wrapper->getArg(3), b.getInt64Ty()));
  arguments.push_back(wrapper->getArg(4));
  if (scalars > 0) {
    table = b.CreateLoad(pointer, b.CreateConstInBoundsGEP1_64(
                                      pointer, wrapper->getArg(1), 1));
    for (unsigned i = 0; i < scalars; ++i) {
      llvm::Value *scalar =
          b.CreateLoad(i32, b.CreateConstInBoundsGEP1_64(i32, table, i));
      arguments.push_back(b.CreateZExt(scalar, b.getInt64Ty()));
    }
  }
  b.CreateRet(b.CreateCall(&body, arguments));
  // Inlining would turn the noalias of arguments into weaker metadata.
  body.setLinkage(llvm::GlobalValue::InternalLinkage);
  body.addFnAttr(llvm::Attribute::NoInline);
}

static void setAttributes(llvm::Function &function, const CpuSpec &spec) {
  function.addFnAttr(llvm::Attribute::NoRedZone);
  function.addFnAttr(llvm::Attribute::NoUnwind);
  function.addFnAttr("no-builtins");
  function.addFnAttr("target-cpu", spec.cpu);
  if (!spec.tune.empty())
    function.addFnAttr("tune-cpu", spec.tune);
  if (!spec.features.empty())
    function.addFnAttr("target-features", spec.features);
  if (spec.vectorBytes == 64)
    function.addFnAttr("prefer-vector-width", "512");
}

void cpu::addWrappers(llvm::Module &module, const CpuSpec &spec) {
  llvm::SmallVector<llvm::Function *> bodies;
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && function.getName().ends_with(kBodySuffix))
      bodies.push_back(&function);
  for (llvm::Function *body : bodies)
    addWrapper(*body);
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      setAttributes(function, spec);
}

void cpu::optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  // Kernels are unrolled as they are emitted; unrolling more would make whole
  // panels invariant in outer loops, hoisted, and spilled.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);
}

llvm::Error cpu::emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                            bool assembly, ObjectBytes &bytes) {
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager pm;
  auto kind = assembly ? llvm::CodeGenFileType::AssemblyFile
                       : llvm::CodeGenFileType::ObjectFile;
  if (machine.addPassesToEmitFile(pm, stream, nullptr, kind))
    return llvm::createStringError("the target cannot emit objects");
  pm.run(module);
  return llvm::Error::success();
}
