// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/compile/Stages.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Cloning.h"

#include <atomic>
#include <mutex>
#include <thread>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// From the LLVM dialect to an object. `translation` guards the MLIR context.
static llvm::Expected<ObjectBytes> makeObject(ModuleOp lowered,
                                              const CpuSpec &spec,
                                              std::mutex &translation,
                                              CompileDump *dump) {
  auto machine = makeTargetMachine(spec);
  if (!machine)
    return machine.takeError();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
  {
    std::lock_guard<std::mutex> lock(translation);
    module = translateModuleToLLVMIR(lowered, context, "kernels");
  }
  if (!module)
    return llvm::createStringError("kernels do not translate to LLVM IR");
  module->setTargetTriple((*machine)->getTargetTriple());
  module->setDataLayout((*machine)->createDataLayout());
  addWrappers(*module, spec);
  optimise(*module, **machine);
  if (dump) {
    dump->llvmIR.clear();
    llvm::raw_string_ostream(dump->llvmIR) << *module;
    // Emission changes a module: the text is made from a copy.
    std::unique_ptr<llvm::Module> copy = llvm::CloneModule(*module);
    ObjectBytes text;
    if (llvm::Error error = emitObject(*copy, **machine, true, text))
      return std::move(error);
    dump->assembly.assign(text.begin(), text.end());
  }
  ObjectBytes object;
  if (llvm::Error error = emitObject(*module, **machine, false, object))
    return std::move(error);
  if (dump)
    dump->object.assign(object.begin(), object.end());
  return object;
}

/// One module per kernel, so that the code of a kernel depends on nothing
/// else and threads can share the work.
static std::vector<OwningOpRef<ModuleOp>> separate(ModuleOp lowered) {
  std::vector<OwningOpRef<ModuleOp>> modules;
  for (Operation &op : llvm::make_early_inc_range(*lowered.getBody())) {
    modules.push_back(ModuleOp::create(lowered.getLoc()));
    op.moveBefore(modules.back()->getBody(), modules.back()->getBody()->end());
  }
  return modules;
}

static llvm::Expected<std::vector<ObjectBytes>>
makeObjects(ModuleOp lowered, const CpuSpec &spec) {
  std::vector<OwningOpRef<ModuleOp>> modules = separate(lowered);
  std::vector<ObjectBytes> objects(modules.size());
  std::vector<std::string> errors(modules.size());
  std::atomic<size_t> next{0};
  std::mutex translation;
  auto work = [&] {
    for (size_t i = next++; i < modules.size(); i = next++) {
      auto object = makeObject(*modules[i], spec, translation, nullptr);
      if (object)
        objects[i] = std::move(*object);
      else
        errors[i] = llvm::toString(object.takeError());
    }
  };
  std::vector<std::thread> threads;
  size_t count = std::min<size_t>(std::thread::hardware_concurrency(),
                                  modules.size());
  for (size_t i = 1; i < count; ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &error : errors)
    if (!error.empty())
      return llvm::createStringError(error);
  return objects;
}

/// Adds the builtins when an object calls one.
static llvm::Error addBuiltins(std::vector<ObjectBytes> &objects,
                               const CpuSpec &spec) {
  bool needed = false;
  for (const ObjectBytes &object : objects) {
    auto undefined = undefinedSymbols(object);
    if (!undefined)
      return undefined.takeError();
    needed |= !undefined->empty();
  }
  if (!needed)
    return llvm::Error::success();
  auto machine = makeTargetMachine(spec);
  if (!machine)
    return machine.takeError();
  auto builtins = compileBuiltins(spec, **machine);
  if (!builtins)
    return builtins.takeError();
  objects.push_back(std::move(*builtins));
  return llvm::Error::success();
}

static llvm::Expected<CodeBlock> compile(ModuleOp lowered, const CpuSpec &spec,
                                         ArrayRef<std::string> symbols,
                                         CompileDump *dump) {
  std::vector<ObjectBytes> objects;
  if (dump) {
    // What is shown is one module and one object.
    std::mutex translation;
    auto object = makeObject(lowered, spec, translation, dump);
    if (!object)
      return object.takeError();
    objects.push_back(std::move(*object));
  } else {
    auto made = makeObjects(lowered, spec);
    if (!made)
      return made.takeError();
    objects = std::move(*made);
  }
  if (llvm::Error error = addBuiltins(objects, spec))
    return std::move(error);
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
