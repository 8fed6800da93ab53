// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows by the threads of a workgroup: reduce, softmax and norm. Each thread
// takes every so many-th point; what they have comes together in shared
// memory, by halves, in an order that is always the same.
#ifndef VISIR_TARGETS_COMMON_TILED_ROWS_H
#define VISIR_TARGETS_COMMON_TILED_ROWS_H

#include "targets/common/Nest.h"
#include "targets/common/scalar/ScalarKernel.h"
#include "targets/common/tiled/Workgroup.h"

namespace visir::tiled {

/// Groups go over the parallel points; the threads of a group over `rows` of
/// them and, the fastest, over the `perRow` threads of each.
struct RowPlan {
  Nest nest;
  mlir::Type element; ///< of what is combined
  int64_t perRow = 1; ///< a power of two
  int64_t rows = 1;   ///< of a group

  int64_t threads() const { return perRow * rows; }
  int64_t groups() const {
    return llvm::divideCeil(nest.parallelPoints(), rows);
  }
};

/// The plan of a dispatch without layouts; failure where the root is another
/// one or one invocation for each row does as well.
mlir::FailureOr<RowPlan> planRows(DispatchOp op, const GroupLimits &limits);

/// As emitProduct.
void emitRows(mlir::OpBuilder &b, DispatchOp op, const RowPlan &plan,
              mlir::Value group, mlir::Value thread, scalar::Memory &memory,
              Workgroup &workgroup);

} // namespace visir::tiled

#endif // VISIR_TARGETS_COMMON_TILED_ROWS_H
