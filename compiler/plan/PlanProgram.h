// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From dispatches on tensors to a program on buffers (phase `planned`).
#ifndef VISIR_COMPILER_PLAN_PLANPROGRAM_H
#define VISIR_COMPILER_PLAN_PLANPROGRAM_H

#include "compiler/plan/BufferPlan.h"
#include "dialects/visir/Visir.h"
#include "dialects/visir_exec/VisirExec.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

#include <string>
#include <vector>

namespace visir {

/// A kernel as the planner sees it; the first dispatch that needs it defines
/// its signature.
struct PlannedKernel {
  std::string symbol;
  DispatchOp dispatch;
  int64_t tileCount = 1;
  int64_t scratchBytes = 0;
  double flops = 0;
  std::string config;
  std::string digest; ///< hexadecimal SHA-256 of the dispatch
  /// How tiles cut the domain: [dimension, divisor, count, step] each, tile t
  /// begins at (t / divisor) % count * step of that dimension.
  std::vector<llvm::SmallVector<int64_t, 4>> tileAxes;
};

/// The kernels of a module and which dispatch calls which.
struct KernelTable {
  std::vector<PlannedKernel> kernels;
  llvm::DenseMap<mlir::Operation *, unsigned> kernelOf;
};

/// Adds to `module` a `visir_exec.program` named after `target`, made from
/// its entry points, whose dispatches are all in `table`. The entry points
/// stay as they are. Buffers lie at multiples of `alignment` bytes.
mlir::FailureOr<exec::ProgramOp>
planProgram(mlir::ModuleOp module, const KernelTable &table,
            llvm::StringRef target, int64_t alignment = kBufferAlignment);

} // namespace visir

#endif // VISIR_COMPILER_PLAN_PLANPROGRAM_H
