// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/fusion/Padding.h"

using namespace mlir;
using namespace visir;

SmallVector<unsigned> visir::outsideCoordinates(const LinearAccess &access,
                                                ArrayRef<int64_t> extents,
                                                ArrayRef<int64_t> shape) {
  SmallVector<unsigned> outside;
  for (unsigned j = 0; j < access.rank(); ++j) {
    auto [low, high] = access.range(j, extents);
    if (low < 0 || high >= shape[j])
      outside.push_back(j);
  }
  return outside;
}

bool visir::digitIsCoordinate(const LoadForm &source,
                              ArrayRef<int64_t> extents, unsigned dim) {
  std::optional<unsigned> found;
  for (unsigned j = 0; j < source.access.rank(); ++j) {
    if (source.access.coefficients[j][dim] == 0)
      continue;
    if (found)
      return false;
    found = j;
  }
  if (!found || source.access.coefficients[*found][dim] != 1)
    return false;
  for (unsigned d = 0; d < extents.size(); ++d)
    if (d != dim && source.access.coefficients[*found][d] != 0)
      return false;
  auto [low, high] = source.access.range(*found, extents);
  int64_t size = source.shape()[*found];
  // The digit's range covers the coordinate's, so that outside stays outside.
  return low <= 0 && high >= size - 1;
}

/// Whether the value is zero where the loads `zeros` of its payload are.
static bool isZero(Value value, ArrayRef<bool> zeros) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return zeros[argument.getArgNumber()];
  Operation *op = value.getDefiningOp();
  auto operand = [&](unsigned i) { return isZero(op->getOperand(i), zeros); };
  if (isa<arith::MulFOp>(op))
    return operand(0) || operand(1);
  if (isa<arith::AddFOp, arith::SubFOp>(op))
    return operand(0) && operand(1);
  return isa<arith::NegFOp>(op) && operand(0);
}

bool visir::padLoads(DispatchForm &map, DispatchOp op, unsigned result,
                     ArrayRef<unsigned> digits) {
  Value value = op.getEpilogueBlock().getTerminator()->getOperand(result);
  for (unsigned digit : digits) {
    SmallVector<bool> zeros;
    for (LoadForm &load : map.loads) {
      bool moves = llvm::any_of(load.access.coefficients,
                                [&](ArrayRef<int64_t> c) { return c[digit]; });
      zeros.push_back(moves);
      if (!moves)
        continue;
      if (!load.indexAxes.empty() || load.norm || load.fillValue() != 0 ||
          !digitIsCoordinate(load, map.extents, digit))
        return false;
      load.padded = true;
    }
    if (!isZero(value, zeros))
      return false;
  }
  return true;
}
