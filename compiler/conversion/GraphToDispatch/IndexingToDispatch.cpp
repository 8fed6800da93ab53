// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"

using namespace mlir;
using namespace visir;

using Values = FailureOr<SmallVector<Value>>;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// A map dispatch that stores load `number`.
static Values storeLoad(DispatchBuilder &builder, RankedTensorType type,
                        ArrayRef<AffineExpr> dims, unsigned number) {
  builder.store(type, dims);
  DispatchOp dispatch =
      builder.build([&](PayloadScope &scope) -> SmallVector<Value> {
        return {scope.loads[number]};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

static Values lowerGather(OpBuilder &b, Operation *op) {
  auto gather = cast<GatherOp>(op);
  RankedTensorType type = typeOf(gather.getResult());
  int64_t axis = gather.getAxis();
  int64_t indexRank = typeOf(gather.getIndices()).getRank();
  DispatchBuilder builder(b, op->getLoc(), RootKind::Map, type.getShape(),
                          type.getRank());
  auto dims = dimRange(b.getContext(), 0, type.getRank());
  ArrayRef<AffineExpr> all(dims);
  unsigned index =
      builder.load(gather.getIndices(), all.slice(axis, indexRank));
  SmallVector<AffineExpr> source(all.take_front(axis));
  source.push_back(builder.constant(0));
  llvm::append_range(source, all.drop_front(axis + indexRank));
  unsigned x = builder.loadIndexed(gather.getInput(), source, axis,
                                   int64_t(index));
  return storeLoad(builder, type, dims, x);
}

static Values lowerGatherElements(OpBuilder &b, Operation *op) {
  auto gather = cast<GatherElementsOp>(op);
  RankedTensorType type = typeOf(gather.getResult());
  DispatchBuilder builder(b, op->getLoc(), RootKind::Map, type.getShape(),
                          type.getRank());
  auto dims = dimRange(b.getContext(), 0, type.getRank());
  unsigned index = builder.load(gather.getIndices(), dims);
  SmallVector<AffineExpr> source(dims);
  source[gather.getAxis()] = builder.constant(0);
  unsigned x = builder.loadIndexed(gather.getInput(), source,
                                   int64_t(gather.getAxis()), int64_t(index));
  return storeLoad(builder, type, dims, x);
}

/// One load per component of the index vectors at the coordinates `dims`.
static SmallVector<int64_t> loadComponents(DispatchBuilder &builder,
                                           Value indices,
                                           ArrayRef<AffineExpr> dims) {
  SmallVector<int64_t> numbers;
  for (int64_t i = 0, e = typeOf(indices).getShape().back(); i < e; ++i) {
    SmallVector<AffineExpr> exprs(dims);
    exprs.push_back(builder.constant(i));
    numbers.push_back(builder.load(indices, exprs));
  }
  return numbers;
}

static Values lowerGatherND(OpBuilder &b, Operation *op) {
  auto gather = cast<GatherNDOp>(op);
  RankedTensorType type = typeOf(gather.getResult());
  RankedTensorType indices = typeOf(gather.getIndices());
  int64_t batch = gather.getBatchDims(), outer = indices.getRank() - 1;
  DispatchBuilder builder(b, op->getLoc(), RootKind::Map, type.getShape(),
                          type.getRank());
  auto dims = dimRange(b.getContext(), 0, type.getRank());
  ArrayRef<AffineExpr> all(dims);
  auto components =
      loadComponents(builder, gather.getIndices(), all.take_front(outer));
  SmallVector<AffineExpr> source(all.take_front(batch));
  SmallVector<int64_t> axes;
  for (size_t i = 0; i < components.size(); ++i) {
    axes.push_back(source.size());
    source.push_back(builder.constant(0));
  }
  llvm::append_range(source, all.drop_front(outer));
  unsigned x =
      builder.loadIndexed(gather.getInput(), source, axes, components);
  return storeLoad(builder, type, dims, x);
}

/// A fresh tensor with the elements of `input`, which a scatter may change.
static Value copyOf(OpBuilder &b, Location loc, Value input) {
  RankedTensorType type = typeOf(input);
  DispatchBuilder builder(b, loc, RootKind::Map, type.getShape(),
                          type.getRank());
  auto dims = dimRange(b.getContext(), 0, type.getRank());
  builder.load(input, dims);
  return (*storeLoad(builder, type, dims, 0))[0];
}

static Values buildScatter(DispatchBuilder &builder, Value copy,
                           ArrayRef<AffineExpr> target,
                           ArrayRef<int64_t> axes,
                           ArrayRef<int64_t> components, unsigned tie,
                           unsigned update) {
  builder.storeIndexed(typeOf(copy), target, tie, axes, components);
  DispatchOp dispatch =
      builder.build([&](PayloadScope &scope) -> SmallVector<Value> {
        return {scope.loads[update]};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

static Values lowerScatterElements(OpBuilder &b, Operation *op) {
  auto scatter = cast<ScatterElementsOp>(op);
  Value copy = copyOf(b, op->getLoc(), scatter.getInput());
  RankedTensorType updates = typeOf(scatter.getUpdates());
  DispatchBuilder builder(b, op->getLoc(), RootKind::Scatter,
                          updates.getShape(), updates.getRank(),
                          b.getNamedAttr("combiner", scatter.getKindAttr()));
  auto dims = dimRange(b.getContext(), 0, updates.getRank());
  unsigned index = builder.load(scatter.getIndices(), dims);
  unsigned update = builder.load(scatter.getUpdates(), dims);
  SmallVector<AffineExpr> target(dims);
  int64_t axis = scatter.getAxis();
  target[axis] = builder.constant(0);
  unsigned tie =
      builder.loadIndexed(copy, target, axis, int64_t(index));
  return buildScatter(builder, copy, target, axis, int64_t(index), tie,
                      update);
}

static Values lowerScatterND(OpBuilder &b, Operation *op) {
  auto scatter = cast<ScatterNDOp>(op);
  Value copy = copyOf(b, op->getLoc(), scatter.getInput());
  RankedTensorType updates = typeOf(scatter.getUpdates());
  int64_t outer = typeOf(scatter.getIndices()).getRank() - 1;
  DispatchBuilder builder(b, op->getLoc(), RootKind::Scatter,
                          updates.getShape(), updates.getRank(),
                          b.getNamedAttr("combiner", scatter.getKindAttr()));
  auto dims = dimRange(b.getContext(), 0, updates.getRank());
  ArrayRef<AffineExpr> all(dims);
  auto components =
      loadComponents(builder, scatter.getIndices(), all.take_front(outer));
  unsigned update = builder.load(scatter.getUpdates(), dims);
  SmallVector<AffineExpr> target;
  SmallVector<int64_t> axes;
  for (size_t i = 0; i < components.size(); ++i) {
    axes.push_back(i);
    target.push_back(builder.constant(0));
  }
  llvm::append_range(target, all.drop_front(outer));
  unsigned tie = builder.loadIndexed(copy, target, axes, components);
  return buildScatter(builder, copy, target, axes, components, tie, update);
}

LowerFn visir::findIndexingLowering(Operation *op) {
  return llvm::TypeSwitch<Operation *, LowerFn>(op)
      .Case<GatherOp>([](auto) { return lowerGather; })
      .Case<GatherElementsOp>([](auto) { return lowerGatherElements; })
      .Case<GatherNDOp>([](auto) { return lowerGatherND; })
      .Case<ScatterElementsOp>([](auto) { return lowerScatterElements; })
      .Case<ScatterNDOp>([](auto) { return lowerScatterND; })
      .Default([](auto) { return nullptr; });
}
