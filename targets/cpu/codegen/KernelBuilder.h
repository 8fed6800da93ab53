// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The frame of a kernel: a function in the module of kernels with one flat
// memref per binding, the range of tiles, and scratch memory. `compileKernels`
// adds the wrapper with the C ABI around it.
#ifndef VISIR_TARGETS_CPU_CODEGEN_KERNELBUILDER_H
#define VISIR_TARGETS_CPU_CODEGEN_KERNELBUILDER_H

#include "targets/cpu/codegen/Kernel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace visir::cpu {

/// Suffix of the function that a KernelBuilder makes; the symbol without it
/// is the wrapper.
inline constexpr llvm::StringLiteral kBodySuffix = ".body";

/// Builds the function of one dispatch. Its builder `b` stands at the end of
/// the function's body until `finish`.
class KernelBuilder {
public:
  KernelBuilder(DispatchOp op, const CpuSpec &spec, mlir::ModuleOp kernels,
                llvm::StringRef symbol);

  DispatchOp op;
  const CpuSpec &spec;
  mlir::Location loc;
  mlir::OpBuilder b;
  /// The tiles to compute, of index type.
  mlir::Value tileBegin, tileEnd;

  /// Memref <elements in memory x memoryType> of a binding. An input that a
  /// result is tied to is the result's memref, so that noalias holds.
  mlir::Value input(unsigned i) const { return inputs[i]; }
  mlir::Value output(unsigned j) const { return outputs[j]; }

  /// A new memref <count x memoryType> in scratch, aligned to 64 bytes.
  mlir::Value scratch(int64_t count, mlir::Type element);

  /// A constant of index type.
  mlir::Value index(int64_t value);

  /// Makes the kernel return 1 if `condition` (i1) is true; goes on.
  void raiseIf(mlir::Value condition);

  /// Ends the function.
  KernelInfo finish(uint32_t tileCount, double flops);

private:
  mlir::func::FuncOp func;
  llvm::SmallVector<mlir::Value> inputs, outputs;
  mlir::Value scratchArgument, status;
  int64_t scratchBytes = 0;
  std::string symbol;
};

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_KERNELBUILDER_H
