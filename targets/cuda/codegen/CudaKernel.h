// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From dispatches to PTX: the interface of the code generator for CUDA.
// `emitKernel` writes one dispatch into a module of kernels, `compileToPtx`
// turns that module into text, and `assemble` runs NVIDIA's ptxas on it.
#ifndef VISIR_TARGETS_CUDA_CODEGEN_CUDAKERNEL_H
#define VISIR_TARGETS_CUDA_CODEGEN_CUDAKERNEL_H

#include "dialects/visir/Visir.h"
#include "targets/common/KernelInfo.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace visir::cuda {

/// An architecture and the oldest version of PTX that knows it.
struct Arch {
  const char *name; ///< "sm_90"
  const char *ptx;  ///< LLVM feature, "+ptx78"
  bool matrix;      ///< has matrix units for TF32
};

/// All architectures, oldest first.
llvm::ArrayRef<Arch> architectures();

/// The architecture of that name, or null.
const Arch *findArch(llvm::StringRef name);

/// An empty module to hold kernels.
mlir::OwningOpRef<mlir::ModuleOp> makeKernelModule(mlir::MLIRContext &context);

/// Attribute of an emitted function: threads of its blocks.
inline constexpr llvm::StringLiteral kThreadsAttr = "visir.threads";

/// Attribute of an emitted function, or none: how many of its blocks a core is
/// to hold at once. Without it ptxas chooses, and may rather spill than hold
/// one less.
inline constexpr llvm::StringLiteral kResidentAttr = "visir.resident";

/// Lets the matrix units round factors of f32 products and attentions to TF32:
/// sets their config.
void permitTf32(mlir::func::FuncOp func);

/// An emitted kernel and how it is launched.
struct EmittedKernel {
  KernelInfo info;
  int64_t threads = 0; ///< of a block
};

/// Emits the dispatch as a kernel of the ABI in targets/cuda/abi for an
/// architecture, named `symbol`. Errors are reported at the dispatch.
mlir::FailureOr<EmittedKernel> emitKernel(DispatchOp op,
                                          mlir::ModuleOp kernels,
                                          const Arch &arch,
                                          llvm::StringRef symbol);

/// Expands the kernels' functions of math and simplifies; what is left has a
/// counterpart on the device.
mlir::LogicalResult expandMath(mlir::ModuleOp kernels);

/// Lowers the kernels to PTX text (without a final NUL). `dump`, when not
/// null, receives LLVM IR and the text.
mlir::FailureOr<std::string> compileToPtx(mlir::ModuleOp kernels,
                                          const Arch &arch, CompileDump *dump);

/// The path of ptxas: in PATH, or in CUDA_HOME/bin; empty without one.
std::string findPtxas();

/// The cubin of PTX text, made by the program at `ptxas`.
llvm::Expected<std::vector<char>> assemble(llvm::StringRef ptxas,
                                           llvm::StringRef ptx,
                                           const Arch &arch);

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_CODEGEN_CUDAKERNEL_H
