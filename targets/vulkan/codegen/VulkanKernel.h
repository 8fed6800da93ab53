// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From dispatches to SPIR-V modules: the interface of the code generator for
// Vulkan. `emitKernel` writes one dispatch as a kernel on memory, in the
// dialects scf, arith, math, memref and gpu; `compileToSpirv` turns it into
// the words of a module.
#ifndef VISIR_TARGETS_VULKAN_CODEGEN_VULKANKERNEL_H
#define VISIR_TARGETS_VULKAN_CODEGEN_VULKANKERNEL_H

#include "dialects/visir/Visir.h"
#include "targets/common/KernelInfo.h"
#include "targets/vulkan/codegen/MatrixProduct.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <set>
#include <string>
#include <vector>

namespace visir::vulkan {

/// Invocations of a workgroup of a plain kernel.
inline constexpr unsigned kWorkgroupSize = 64;

/// A kernel in a module of its own.
struct EmittedKernel {
  mlir::OwningOpRef<mlir::ModuleOp> holder;
  int64_t workgroups = 1;
  int64_t threads = kWorkgroupSize; ///< of a workgroup
  bool canFail = false;   ///< has the word for errors
  bool resizable = false; ///< `threads` is the default of a constant
  int64_t sharedBytes = 0; ///< where it may be more than devices need have
  bool cooperative = false; ///< multiplies cooperative matrices
};

/// Loads the dialects that kernels are made of.
void loadDialects(mlir::MLIRContext &context);

/// Emits the dispatch as a kernel of the ABI in targets/vulkan/abi. Errors are
/// reported at the dispatch.
mlir::FailureOr<EmittedKernel> emitKernel(DispatchOp op,
                                          MatrixMode mode = MatrixMode::None);

/// A SPIR-V module.
struct SpirvModule {
  std::vector<uint32_t> words;
  /// What it demands of a device, in the words of the ABI's features.
  std::set<std::string> features;
  /// Iterations of all loops that an invocation does at most.
  uint64_t loopSteps = 0;
};

/// Lowers a kernel, which is changed. `text`, when not null, receives the
/// module in the dialect spirv. Errors are reported at the kernel.
mlir::FailureOr<SpirvModule> compileToSpirv(EmittedKernel &kernel,
                                            std::string *text);

/// The path of spirv-dis in PATH; empty without one.
std::string findDisassembler();

/// The text of a module, by the program at `disassembler`.
llvm::Expected<std::string> disassemble(llvm::StringRef disassembler,
                                        llvm::ArrayRef<uint32_t> words);

} // namespace visir::vulkan

#endif // VISIR_TARGETS_VULKAN_CODEGEN_VULKANKERNEL_H
