// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stages of `compileKernels`.
#ifndef VISIR_TARGETS_CPU_CODEGEN_COMPILE_STAGES_H
#define VISIR_TARGETS_CPU_CODEGEN_COMPILE_STAGES_H

#include "targets/cpu/codegen/Kernel.h"

#include "mlir/Pass/Pass.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

namespace visir::cpu {

/// An ELF object in memory.
using ObjectBytes = llvm::SmallVector<char, 0>;

/// Lowers a module of kernels to the LLVM dialect, in place.
mlir::LogicalResult lowerToLLVMDialect(mlir::ModuleOp kernels,
                                       const CpuSpec &spec);

/// A pass over functions that puts x86's instructions for the greater and the
/// lesser in place of selections and of extremes without an order of zeros.
std::unique_ptr<mlir::Pass> createUseExtremesPass(const CpuSpec &spec);

/// LLVM's model of the spec's core.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
makeTargetMachine(const CpuSpec &spec);

/// Gives every kernel body in `module` its wrapper of the ABI, and all
/// functions the attributes of generated code.
void addWrappers(llvm::Module &module, const CpuSpec &spec);

/// LLVM's O3 for the machine.
void optimise(llvm::Module &module, llvm::TargetMachine &machine);

/// Machine code (or its text when `assembly`) of a module.
llvm::Error emitObject(llvm::Module &module, llvm::TargetMachine &machine,
                       bool assembly, ObjectBytes &bytes);

/// Names that an object uses and does not define.
llvm::Expected<std::vector<std::string>>
undefinedSymbols(const ObjectBytes &object);

/// An object that defines the functions LLVM may call behind one's back
/// (memset, memcpy, memmove).
llvm::Expected<ObjectBytes> compileBuiltins(const CpuSpec &spec,
                                            llvm::TargetMachine &machine);

/// Lays the objects out as one block and resolves every relocation.
llvm::Expected<CodeBlock> linkObjects(llvm::ArrayRef<ObjectBytes> objects,
                                      llvm::ArrayRef<std::string> symbols);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_COMPILE_STAGES_H
