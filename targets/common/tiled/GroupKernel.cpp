// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/tiled/GroupKernel.h"

using namespace mlir;
using namespace visir;
using namespace visir::tiled;

FailureOr<GroupKernel> GroupKernel::plan(DispatchOp op,
                                         const GroupLimits &limits) {
  if (auto window = planWindow(op, limits); succeeded(window))
    return GroupKernel(std::move(*window));
  if (auto product = planProduct(op, limits); succeeded(product))
    return GroupKernel(std::move(*product));
  if (auto rows = planRows(op, limits); succeeded(rows))
    return GroupKernel(std::move(*rows));
  return failure();
}

int64_t GroupKernel::threads() const {
  return std::visit([](const auto &plan) { return plan.threads(); }, chosen);
}

int64_t GroupKernel::groups() const {
  return std::visit([](const auto &plan) { return plan.groups(); }, chosen);
}

void GroupKernel::emit(OpBuilder &b, DispatchOp op, Value group, Value thread,
                       scalar::Memory &memory, Workgroup &workgroup) const {
  if (auto *product = std::get_if<ProductPlan>(&chosen))
    emitProduct(b, op, *product, group, thread, memory, workgroup);
  else if (auto *window = std::get_if<WindowPlan>(&chosen))
    emitWindow(b, op, *window, group, thread, memory);
  else
    emitRows(b, op, std::get<RowPlan>(chosen), group, thread, memory,
             workgroup);
}
