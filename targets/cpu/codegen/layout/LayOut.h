// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The phase `laid-out` for CPUs: where the elements of every tensor lie.
#ifndef VISIR_TARGETS_CPU_CODEGEN_LAYOUT_LAYOUT_H
#define VISIR_TARGETS_CPU_CODEGEN_LAYOUT_LAYOUT_H

#include "targets/cpu/codegen/winograd/Winograd.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir::cpu {

struct LayoutOptions {
  WinogradOptions winograd;
};

/// Gives every value between dispatches a layout, so that the fastest
/// dimension of the domain that makes it is the fastest in memory, packs the
/// constants as their kernels want them, and chooses the kernels'
/// configurations. Arguments and results of the entry stay row-major.
mlir::LogicalResult layOut(mlir::func::FuncOp func, const CpuSpec &spec,
                           const LayoutOptions &options);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_LAYOUT_LAYOUT_H
