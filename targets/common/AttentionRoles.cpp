// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/AttentionRoles.h"

using namespace mlir;
using namespace visir;

/// The dimensions that an operand of the root moves with, index loads
/// included.
static SmallVector<bool> dimsOf(DispatchOp op, const Nest &nest,
                                unsigned operand) {
  SmallVector<bool> dims(nest.dims.size());
  SmallVector<Value> worklist{
      op.getPrologueBlock().getTerminator()->getOperand(operand)};
  SmallVector<unsigned> loads;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(value))
      loads.push_back(argument.getArgNumber());
    else
      llvm::append_range(worklist, value.getDefiningOp()->getOperands());
  }
  while (!loads.empty()) {
    const NestAccess &load = nest.loads[loads.pop_back_val()];
    for (const Coordinate &c : load.indexed)
      loads.push_back(c.indexLoad);
    for (unsigned dim = 0; dim < dims.size(); ++dim)
      dims[dim] = dims[dim] || load.dependsOn(dim);
  }
  return dims;
}

AttentionRoles visir::attentionRoles(DispatchOp op, const Nest &nest) {
  SmallVector<bool> query = dimsOf(op, nest, 0), key = dimsOf(op, nest, 1),
                    value = dimsOf(op, nest, 2);
  AttentionRoles roles;
  roles.positions = {unsigned(op.getParallelRank()) - 2};
  for (auto [dim, info] : llvm::enumerate(nest.dims)) {
    if (info.reduction)
      (value[dim] || !query[dim] ? roles.keys : roles.inner).push_back(dim);
    else if (value[dim] && !query[dim])
      roles.values.push_back(dim);
    else
      roles.rows.push_back(dim);
    if (!info.reduction && !key[dim] && !value[dim])
      roles.shared.push_back(dim);
  }
  return roles;
}

int64_t visir::pointsOf(const Nest &nest, ArrayRef<unsigned> dims) {
  int64_t product = 1;
  for (unsigned dim : dims)
    product *= nest.dims[dim].extent;
  return product;
}

LinearExpr visir::numberAmong(const Nest &nest, ArrayRef<unsigned> dims) {
  LinearExpr expr;
  expr.factors.assign(nest.dims.size(), 0);
  int64_t stride = 1;
  for (unsigned dim : llvm::reverse(dims)) {
    expr.factors[dim] = stride;
    stride *= nest.dims[dim].extent;
  }
  return expr;
}
