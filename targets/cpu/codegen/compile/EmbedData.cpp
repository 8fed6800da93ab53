// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/compile/EmbedData.h"

#include "targets/cpu/codegen/compile/Stages.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"

using namespace visir;

static void define(llvm::Module &module, llvm::StringRef name,
                   llvm::Constant *value, uint64_t alignment) {
  auto *global = new llvm::GlobalVariable(
      module, value->getType(), /*isConstant=*/true,
      llvm::GlobalValue::ExternalLinkage, value, name);
  global->setAlignment(llvm::Align(alignment));
}

llvm::Expected<std::vector<char>> cpu::embedData(llvm::ArrayRef<char> bytes,
                                                 llvm::StringRef symbol,
                                                 uint64_t alignment,
                                                 const CpuSpec &spec) {
  auto machine = makeTargetMachine(spec);
  if (!machine)
    return machine.takeError();
  llvm::LLVMContext context;
  llvm::Module module("artifact", context);
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  define(module, symbol,
         llvm::ConstantDataArray::getString(
             context, llvm::StringRef(bytes.data(), bytes.size()),
             /*AddNull=*/false),
         alignment);
  define(module, (symbol + "_bytes").str(),
         llvm::ConstantInt::get(llvm::Type::getInt64Ty(context),
                                bytes.size()),
         8);
  ObjectBytes object;
  if (llvm::Error error =
          emitObject(module, **machine, /*assembly=*/false, object))
    return std::move(error);
  return std::vector<char>(object.begin(), object.end());
}
