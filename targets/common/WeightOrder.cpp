// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/WeightOrder.h"

#include "compiler/analysis/DispatchForm.h"
#include "compiler/support/Constants.h"
#include "dialects/visir/Visir.h"

using namespace mlir;
using namespace visir;

/// Whether a window slides along the dimension: some coordinate adds it to
/// another one.
static bool isTap(DispatchOp op, ArrayRef<unsigned> loads, unsigned dim) {
  auto slides = [&](AffineExpr expr) {
    return expr.isFunctionOfDim(dim) && !isa<AffineDimExpr>(expr);
  };
  return llvm::any_of(loads, [&](unsigned load) {
    return llvm::any_of(op.getLoad(load).getMap().getResults(), slides);
  });
}

/// The axis of the weights that is to be the fastest, or -1.
static int64_t channelAxis(DispatchOp op, AffineMap weights,
                           ArrayRef<unsigned> otherLoads) {
  constexpr int64_t kMultiple = 8;
  int64_t axis = -1, most = 0;
  bool hasTaps = false;
  for (auto [i, expr] : llvm::enumerate(weights.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || dim.getPosition() < op.getParallelRank())
      continue;
    int64_t extent = op.getExtents()[dim.getPosition()];
    if (isTap(op, otherLoads, dim.getPosition())) {
      hasTaps |= extent > 1;
    } else if (extent > most && extent % kMultiple == 0) {
      axis = int64_t(i);
      most = extent;
    }
  }
  return hasTaps ? axis : -1;
}

/// The weights' load, if `value` is one of a constant without a layout.
static std::optional<unsigned> weightsLoad(DispatchOp op, Value value) {
  SmallVector<unsigned> loads = loadsBehind(value);
  if (loads.size() != 1)
    return std::nullopt;
  Value input = op.getInputs()[loads[0]];
  AccessAttr access = op.getLoad(loads[0]);
  if (!input.getDefiningOp<ConstantOp>() || access.getPadded() ||
      !access.getIndexAxes().empty() ||
      cast<RankedTensorType>(input.getType()).getEncoding())
    return std::nullopt;
  return loads[0];
}

static void orderWeights(DispatchOp op, unsigned factor) {
  Operation *yield = op.getPrologueBlock().getTerminator();
  auto load = weightsLoad(op, yield->getOperand(factor));
  if (!load)
    return;
  int64_t axis =
      channelAxis(op, op.getLoad(*load).getMap(),
                  loadsBehind(yield->getOperand(1 - factor)));
  auto constant = op.getInputs()[*load].getDefiningOp<ConstantOp>();
  auto type = cast<RankedTensorType>(constant.getType());
  if (axis < 0 || axis + 1 == type.getRank())
    return;
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < type.getRank(); ++i)
    if (i != axis)
      order.push_back(i);
  order.push_back(axis);
  auto laidOut = RankedTensorType::get(
      type.getShape(), type.getElementType(),
      LayoutAttr::get(op.getContext(), order, {}, {}));
  OpBuilder b(constant);
  op->setOperand(*load, ConstantOp::create(b, constant.getLoc(), laidOut,
                                           constant.getValue()));
  if (constant->use_empty())
    constant.erase();
}

void visir::orderWindowWeights(func::FuncOp func) {
  for (auto op : func.getOps<DispatchOp>())
    if (op.getKind() == RootKind::Contract)
      for (unsigned factor : {0, 1})
        orderWeights(op, factor);
}
