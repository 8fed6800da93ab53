// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"

#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace visir;

using Values = FailureOr<SmallVector<Value>>;

/// Copies one box of a movement into the tensor `into` (or a new one).
static Value copyBox(OpBuilder &b, Location loc, MoveOp op, BoxAttr box,
                     Value into) {
  auto type = cast<RankedTensorType>(op.getType());
  DispatchBuilder builder(b, loc, RootKind::Map, box.getSizes(),
                          box.getSizes().size());
  int64_t tie = -1;
  unsigned source = 0;
  if (box.getSource() >= 0)
    source = builder.load(op.getInputs()[box.getSource()],
                          box.getSrc().getResults());
  if (into)
    tie = builder.load(into, box.getDst().getResults());
  builder.store(type, box.getDst().getResults(), tie);
  DispatchOp dispatch =
      builder.build([&](PayloadScope &scope) -> SmallVector<Value> {
        if (box.getSource() >= 0)
          return {scope.loads[source]};
        return {scalarConstant(scope.b, scope.loc,
                               computeType(type.getElementType()),
                               op.getMap().getFillValue())};
      });
  return dispatch.getResult(0);
}

/// If box dimension `dim` alone makes one coordinate with coefficient 1,
/// that coordinate.
static std::optional<unsigned> coordinateOf(AffineMap map, unsigned dim,
                                            int64_t &offset) {
  std::optional<unsigned> found;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(dim))
      continue;
    if (found)
      return std::nullopt;
    AffineExpr rest = expr - getAffineDimExpr(dim, map.getContext());
    auto value = dyn_cast<AffineConstantExpr>(
        simplifyAffineExpr(rest, map.getNumDims(), 0));
    if (!value)
      return std::nullopt;
    offset = value.getValue();
    found = i;
  }
  return found;
}

/// A fill of everything followed by one block of a tensor, whose elements
/// around the block lie outside of the tensor: a single map with a padded
/// access. Null when the movement is not that.
static Value lowerPadded(OpBuilder &b, MoveOp op) {
  ArrayRef<BoxAttr> boxes = op.getMap().getBoxes();
  auto type = cast<RankedTensorType>(op.getType());
  if (boxes.size() != 2 || boxes[0].getSource() >= 0 ||
      boxes[1].getSource() < 0 ||
      ShapedType::getNumElements(boxes[0].getSizes()) != type.getNumElements())
    return {};
  Value source = op.getInputs()[boxes[1].getSource()];
  ArrayRef<int64_t> shape = cast<RankedTensorType>(source.getType()).getShape();
  // Dimensions of one point add nothing to coordinates.
  SmallVector<AffineExpr> dims;
  for (auto [dim, size] : llvm::enumerate(boxes[1].getSizes()))
    dims.push_back(size == 1 ? getAffineConstantExpr(0, b.getContext())
                             : getAffineDimExpr(dim, b.getContext()));
  AffineMap src = boxes[1].getSrc(), dst = boxes[1].getDst();
  src = src.replaceDimsAndSymbols(dims, {}, dims.size(), 0);
  dst = dst.replaceDimsAndSymbols(dims, {}, dims.size(), 0);
  SmallVector<AffineExpr> exprs(src.getResults());
  for (auto [dim, size] : llvm::enumerate(boxes[1].getSizes())) {
    if (size == 1)
      continue;
    int64_t srcOffset = 0, dstOffset = 0;
    auto from = coordinateOf(src, dim, srcOffset);
    auto to = coordinateOf(dst, dim, dstOffset);
    if (!from || !to || (dstOffset > 0 && srcOffset > 0) ||
        (dstOffset + size < type.getDimSize(*to) &&
         srcOffset + size < shape[*from]))
      return {};
    exprs[*from] =
        getAffineDimExpr(*to, b.getContext()) + (srcOffset - dstOffset);
  }
  // A coordinate of size 1 must still be seen to leave the block.
  for (auto [axis, extent] : llvm::enumerate(type.getShape())) {
    auto offset = dyn_cast<AffineConstantExpr>(dst.getResult(axis));
    if (!offset || extent == 1)
      continue;
    auto unit = llvm::find_if(llvm::seq<size_t>(0, shape.size()), [&](size_t i) {
      return shape[i] == 1 && isa<AffineConstantExpr>(exprs[i]);
    });
    if (unit == llvm::seq<size_t>(0, shape.size()).end())
      return {};
    exprs[*unit] =
        getAffineDimExpr(axis, b.getContext()) - offset.getValue();
  }
  DispatchBuilder builder(b, op.getLoc(), RootKind::Map, type.getShape(),
                          type.getRank());
  builder.load(source, exprs, /*padded=*/true, op.getMap().getFillValue());
  builder.store(type, dimRange(b.getContext(), 0, type.getRank()));
  return builder
      .build([](PayloadScope &scope) -> SmallVector<Value> {
        return {scope.loads[0]};
      })
      .getResult(0);
}

static Values lowerMove(OpBuilder &b, Operation *op) {
  auto move = cast<MoveOp>(op);
  if (Value padded = lowerPadded(b, move))
    return SmallVector<Value>{padded};
  ArrayRef<BoxAttr> boxes = move.getMap().getBoxes();
  Value into;
  if (boxes.size() != 1)
    into = EmptyOp::create(b, op->getLoc(), move.getType());
  for (BoxAttr box : boxes)
    into = copyBox(b, op->getLoc(), move, box, into);
  return SmallVector<Value>{into};
}

/// Broadcasts, and other single views that need no reshape, read directly.
static Values lowerExpand(OpBuilder &b, Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto dims = dimRange(b.getContext(), 0, type.getRank());
  DispatchBuilder builder(b, op->getLoc(), RootKind::Map, type.getShape(),
                          type.getRank());
  builder.loadBroadcast(op->getOperand(0), dims);
  builder.store(type, dims);
  DispatchOp dispatch =
      builder.build([](PayloadScope &scope) -> SmallVector<Value> {
        return {scope.loads[0]};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

LowerFn visir::findMovementLowering(Operation *op) {
  if (isa<MoveOp>(op))
    return lowerMove;
  if (isa<ExpandOp>(op))
    return lowerExpand;
  return nullptr;
}
