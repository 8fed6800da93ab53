// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/compile/Stages.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// From the LLVM dialect to an object.
static llvm::Expected<ObjectBytes> makeObject(ModuleOp lowered,
                                              const CpuSpec &spec,
                                              llvm::TargetMachine &machine,
                                              CompileDump *dump) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(lowered, context, "kernels");
  if (!module)
    return llvm::createStringError("kernels do not translate to LLVM IR");
  module->setTargetTriple(machine.getTargetTriple());
  module->setDataLayout(machine.createDataLayout());
  addWrappers(*module, spec);
  optimise(*module, machine);
  if (dump) {
    llvm::raw_string_ostream(dump->llvmIR) << *module;
    // Emission changes a module: the text is made from a copy.
    std::unique_ptr<llvm::Module> copy = llvm::CloneModule(*module);
    ObjectBytes text;
    if (llvm::Error error = emitObject(*copy, machine, true, text))
      return std::move(error);
    dump->assembly.assign(text.begin(), text.end());
  }
  ObjectBytes object;
  if (llvm::Error error = emitObject(*module, machine, false, object))
    return std::move(error);
  if (dump)
    dump->object.assign(object.begin(), object.end());
  return object;
}

static llvm::Expected<CodeBlock> compile(ModuleOp lowered, const CpuSpec &spec,
                                         ArrayRef<std::string> symbols,
                                         CompileDump *dump) {
  auto machine = makeTargetMachine(spec);
  if (!machine)
    return machine.takeError();
  auto object = makeObject(lowered, spec, **machine, dump);
  if (!object)
    return object.takeError();
  auto undefined = undefinedSymbols(*object);
  if (!undefined)
    return undefined.takeError();
  std::vector<ObjectBytes> objects;
  objects.push_back(std::move(*object));
  if (!undefined->empty()) {
    auto builtins = compileBuiltins(spec, **machine);
    if (!builtins)
      return builtins.takeError();
    objects.push_back(std::move(*builtins));
  }
  return linkObjects(objects, symbols);
}

FailureOr<CodeBlock> cpu::compileKernels(ModuleOp kernels, const CpuSpec &spec,
                                         ArrayRef<std::string> symbols,
                                         CompileDump *dump) {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  kernels.getContext()->appendDialectRegistry(registry);

  OwningOpRef<ModuleOp> lowered = kernels.clone();
  if (failed(lowerToLLVMDialect(*lowered, spec)))
    return kernels.emitError("kernels cannot be lowered to LLVM");
  auto block = compile(*lowered, spec, symbols, dump);
  if (!block)
    return kernels.emitError() << llvm::toString(block.takeError());
  return std::move(*block);
}
