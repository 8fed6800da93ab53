// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The analytic model of a dispatch's time, in cycles of one core that starts
// two vectors of multiply-adds, or two loads, a cycle. Kernels count their own
// inner loops; this adds what all have in common. `visir bench --calibrate`
// puts it beside what is measured.
#ifndef VISIR_TARGETS_CPU_CODEGEN_COST_H
#define VISIR_TARGETS_CPU_CODEGEN_COST_H

#include "targets/cpu/codegen/Kernel.h"
#include "targets/cpu/codegen/nest/Columns.h"

namespace visir::cpu {

struct LoopPlan;

/// What a kernel does in all, and how long that should take.
struct KernelWork {
  double flops = 0; ///< of the direct method, a multiply-add counting two
  double executedFlops = flops; ///< of the kernel's own method
  double cycles = 0; ///< of its loops alone
  /// With what is done in lanes and rows whose results nobody needs.
  double issuedFlops = executedFlops;
};

/// Notes at the dispatch, for its artifact, what its kernel does; the operands'
/// way is added.
void setCost(DispatchOp op, const CpuSpec &spec, const KernelWork &work);

/// Cycles of a payload on one vector, with the stores of an epilogue.
double payloadCycles(mlir::Block &payload);
double epilogueCycles(DispatchOp op);

/// Lanes that the vectors of `classes` have, those outside of the loop too.
double lanesOf(llvm::ArrayRef<ColumnClass> classes, unsigned lanes);

/// The same for a kernel of plain loops with so many operations.
void setLoopCost(DispatchOp op, const LoopPlan &plan, const CpuSpec &spec,
                 double flops);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_COST_H
