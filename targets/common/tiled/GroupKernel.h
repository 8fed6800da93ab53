// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels by workgroups that there are, behind one door.
#ifndef VISIR_TARGETS_COMMON_TILED_GROUPKERNEL_H
#define VISIR_TARGETS_COMMON_TILED_GROUPKERNEL_H

#include "targets/common/tiled/Product.h"
#include "targets/common/tiled/Rows.h"
#include "targets/common/tiled/Window.h"

#include <variant>

namespace visir::tiled {

/// A dispatch's plan for workgroups.
class GroupKernel {
public:
  /// Failure where plain invocations (targets/common/scalar) do as well.
  static mlir::FailureOr<GroupKernel> plan(DispatchOp op,
                                           const GroupLimits &limits);

  int64_t threads() const; ///< of a group
  int64_t groups() const;
  /// As emitProduct.
  void emit(mlir::OpBuilder &b, DispatchOp op, mlir::Value group,
            mlir::Value thread, scalar::Memory &memory,
            Workgroup &workgroup) const;

private:
  using Plan = std::variant<ProductPlan, RowPlan, WindowPlan>;
  explicit GroupKernel(Plan chosen) : chosen(std::move(chosen)) {}

  Plan chosen;
};

} // namespace visir::tiled

#endif // VISIR_TARGETS_COMMON_TILED_GROUPKERNEL_H
