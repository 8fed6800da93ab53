// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"
#include "dialects/visir/Heatmap.h"

#include <cmath>

using namespace mlir;
using namespace visir;

using Values = FailureOr<SmallVector<Value>>;

namespace {

/// The domain [kept dimensions | reduced dimensions] of an input, with the
/// coordinates of the input and of the kept dimensions.
struct Split {
  SmallVector<int64_t> extents;
  int64_t kept = 0;
  SmallVector<AffineExpr> input;  ///< one per input dimension
  SmallVector<AffineExpr> result; ///< with 0 for reduced ones if kept
};

} // namespace

static Split splitDomain(MLIRContext *context, ArrayRef<int64_t> shape,
                         ArrayRef<int64_t> axes, bool keepdims) {
  Split split;
  unsigned rank = shape.size();
  split.input.resize(rank);
  auto isReduced = [&](int64_t i) { return llvm::is_contained(axes, i); };
  for (unsigned i = 0; i < rank; ++i)
    if (!isReduced(i)) {
      split.input[i] = getAffineDimExpr(split.extents.size(), context);
      split.extents.push_back(shape[i]);
    }
  split.kept = split.extents.size();
  for (unsigned i = 0; i < rank; ++i) {
    if (isReduced(i)) {
      split.input[i] = getAffineDimExpr(split.extents.size(), context);
      split.extents.push_back(shape[i]);
      if (keepdims)
        split.result.push_back(getAffineConstantExpr(0, context));
    } else {
      split.result.push_back(split.input[i]);
    }
  }
  return split;
}

static ReduceKind combinerOf(ReduceKind kind) {
  switch (kind) {
  case ReduceKind::Prod:
  case ReduceKind::Max:
  case ReduceKind::Min:
    return kind;
  default:
    return ReduceKind::Sum;
  }
}

static Value beforeReduce(PayloadScope &scope, ReduceKind kind, Value x,
                          Type element) {
  switch (kind) {
  case ReduceKind::L1:
    return buildUnary(scope.b, scope.loc, UnaryKind::Abs, x, element, {});
  case ReduceKind::L2:
  case ReduceKind::SumSquare:
    return buildBinary(scope.b, scope.loc, BinaryKind::Mul, x, x, element,
                       element);
  case ReduceKind::Max:
  case ReduceKind::Min:
    return swapSignOrder(scope.b, scope.loc, x, element);
  default:
    return x;
  }
}

static Value afterReduce(PayloadScope &scope, ReduceKind kind, Value x,
                         Type element, int64_t count) {
  OpBuilder &b = scope.b;
  switch (kind) {
  case ReduceKind::Mean:
    return buildBinary(b, scope.loc, BinaryKind::Div, x,
                       scalarConstant(b, scope.loc, x.getType(), count),
                       element, element);
  case ReduceKind::L2:
    if (isa<IntegerType>(x.getType())) {
      Type wide = b.getF64Type();
      Value root = math::SqrtOp::create(
          b, scope.loc, buildCast(b, scope.loc, x, element, wide));
      return buildCast(b, scope.loc, root, wide, element);
    }
    return math::SqrtOp::create(b, scope.loc, x);
  case ReduceKind::LogSum:
  case ReduceKind::LogSumExp:
    if (isa<IntegerType>(x.getType())) {
      Type wide = b.getF64Type();
      Value log = math::LogOp::create(
          b, scope.loc, buildCast(b, scope.loc, x, element, wide));
      return buildCast(b, scope.loc, log, wide, element);
    }
    return math::LogOp::create(b, scope.loc, x);
  case ReduceKind::Max:
  case ReduceKind::Min:
    return swapSignOrder(b, scope.loc, x, element);
  default:
    return x;
  }
}

/// The largest element along the reduced dimensions, with them kept as 1.
static Value reduceMax(OpBuilder &b, ReduceOp op) {
  auto in = cast<RankedTensorType>(op.getInput().getType());
  Split split = splitDomain(b.getContext(), in.getShape(), op.getAxes(), true);
  SmallVector<int64_t> shape(in.getShape());
  for (int64_t axis : op.getAxes())
    shape[axis] = 1;
  DispatchBuilder builder(b, op.getLoc(), RootKind::Reduce, split.extents,
                          split.kept, combinerParam(b, ReduceKind::Max));
  builder.load(op.getInput(), split.input);
  builder.store(RankedTensorType::get(shape, in.getElementType()),
                split.result);
  Type type = computeType(in.getElementType());
  return builder
      .build([](PayloadScope &scope) { return scope.loads; }, type,
             [](PayloadScope &scope) { return scope.root; })
      .getResult(0);
}

/// log(sum(exp(x))) with the largest x taken out of the sum, unless that is
/// infinite.
static Values lowerLogSumExp(OpBuilder &b, ReduceOp op) {
  auto in = cast<RankedTensorType>(op.getInput().getType());
  Value largest = reduceMax(b, op);
  Split split = splitDomain(b.getContext(), in.getShape(), op.getAxes(),
                            op.getKeepdims());
  DispatchBuilder builder(b, op.getLoc(), RootKind::Reduce, split.extents,
                          split.kept, combinerParam(b, ReduceKind::Sum));
  builder.load(op.getInput(), split.input);
  SmallVector<AffineExpr> peak(split.input);
  for (int64_t axis : op.getAxes())
    peak[axis] = builder.constant(0);
  builder.load(largest, peak);
  builder.store(cast<RankedTensorType>(op.getType()), split.result);
  auto shift = [](PayloadScope &scope) -> Value {
    Value peak = scope.loads[1];
    Value zero =
        scalarConstant(scope.b, scope.loc, peak.getType(), 0.0);
    Value size = math::AbsFOp::create(scope.b, scope.loc, peak);
    Value infinite = scalarConstant(scope.b, scope.loc, peak.getType(),
                                    double(INFINITY));
    Value finite = arith::CmpFOp::create(
        scope.b, scope.loc, arith::CmpFPredicate::OLT, size, infinite);
    return arith::SelectOp::create(scope.b, scope.loc, finite, peak, zero);
  };
  DispatchOp dispatch = builder.build(
      [&](PayloadScope &scope) -> SmallVector<Value> {
        Value x = arith::SubFOp::create(scope.b, scope.loc, scope.loads[0],
                                        shift(scope));
        return {math::ExpOp::create(scope.b, scope.loc, x)};
      },
      computeType(in.getElementType()),
      [&](PayloadScope &scope) -> SmallVector<Value> {
        Value log = math::LogOp::create(scope.b, scope.loc, scope.root[0]);
        return {arith::AddFOp::create(scope.b, scope.loc, log,
                                      shift(scope))};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

static Values lowerReduce(OpBuilder &b, Operation *op) {
  auto reduce = cast<ReduceOp>(op);
  auto in = cast<RankedTensorType>(reduce.getInput().getType());
  Type element = in.getElementType();
  ReduceKind kind = reduce.getKind();
  if (kind == ReduceKind::LogSumExp && isa<FloatType>(element))
    return lowerLogSumExp(b, reduce);
  if (kind == ReduceKind::LogSumExp)
    return op->emitOpError("log_sum_exp of ") << element << " is not "
                                              << "supported";
  Split split = splitDomain(b.getContext(), in.getShape(), reduce.getAxes(),
                            reduce.getKeepdims());
  int64_t count = 1;
  for (int64_t axis : reduce.getAxes())
    count *= in.getDimSize(axis);
  DispatchBuilder builder(b, op->getLoc(), RootKind::Reduce, split.extents,
                          split.kept, combinerParam(b, combinerOf(kind)));
  builder.load(reduce.getInput(), split.input);
  builder.store(cast<RankedTensorType>(reduce.getType()), split.result);
  // Booleans reduce as bytes: max is or, min is and.
  bool isBool = element.isInteger(1);
  Type byte = IntegerType::get(b.getContext(), 8, IntegerType::Unsigned);
  Type work = isBool ? byte : element;
  DispatchOp dispatch = builder.build(
      [&](PayloadScope &scope) -> SmallVector<Value> {
        Value x = buildCast(scope.b, scope.loc, scope.loads[0], element, work);
        return {beforeReduce(scope, kind, x, work)};
      },
      computeType(work),
      [&](PayloadScope &scope) -> SmallVector<Value> {
        Value x = afterReduce(scope, kind, scope.root[0], work, count);
        return {buildCast(scope.b, scope.loc, x, work, element)};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

static Values lowerArgReduce(OpBuilder &b, Operation *op) {
  auto arg = cast<ArgReduceOp>(op);
  auto in = cast<RankedTensorType>(arg.getInput().getType());
  Split split = splitDomain(b.getContext(), in.getShape(),
                            {int64_t(arg.getAxis())}, arg.getKeepdims());
  SmallVector<NamedAttribute> params{combinerParam(b, arg.getKind())};
  if (arg.getSelectLast())
    params.push_back(b.getNamedAttr("last", b.getUnitAttr()));
  DispatchBuilder builder(b, op->getLoc(), RootKind::ArgReduce, split.extents,
                          split.kept, params);
  builder.load(arg.getInput(), split.input);
  builder.store(cast<RankedTensorType>(arg.getType()), split.result);
  DispatchOp dispatch = builder.build(
      [&](PayloadScope &scope) -> SmallVector<Value> {
        return {swapSignOrder(scope.b, scope.loc, scope.loads[0],
                              in.getElementType())};
      },
      b.getI64Type(), [](PayloadScope &scope) { return scope.root; });
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// Roots that go along one axis and give a value at each of its points.
static Values lowerAlongAxis(OpBuilder &b, Operation *op, RootKind kind,
                             int64_t axis, ArrayRef<NamedAttribute> params) {
  Value input = op->getOperand(0);
  auto in = cast<RankedTensorType>(input.getType());
  Split split = splitDomain(b.getContext(), in.getShape(), {axis}, false);
  DispatchBuilder builder(b, op->getLoc(), kind, split.extents, split.kept,
                          params);
  builder.load(input, split.input);
  builder.store(in, split.input);
  DispatchOp dispatch = builder.build(
      [](PayloadScope &scope) { return scope.loads; },
      computeType(in.getElementType()),
      [](PayloadScope &scope) { return scope.root; });
  return SmallVector<Value>{dispatch.getResult(0)};
}

static Values lowerCumSum(OpBuilder &b, Operation *op) {
  auto sum = cast<CumSumOp>(op);
  SmallVector<NamedAttribute> params;
  if (sum.getExclusive())
    params.push_back(b.getNamedAttr("exclusive", b.getUnitAttr()));
  if (sum.getReverse())
    params.push_back(b.getNamedAttr("reverse", b.getUnitAttr()));
  return lowerAlongAxis(b, op, RootKind::Scan, sum.getAxis(), params);
}

static Values lowerSoftmax(OpBuilder &b, Operation *op) {
  auto softmax = cast<SoftmaxOp>(op);
  SmallVector<NamedAttribute> params;
  if (softmax.getLog())
    params.push_back(b.getNamedAttr("log", b.getUnitAttr()));
  return lowerAlongAxis(b, op, RootKind::Softmax, softmax.getAxis(), params);
}

static Values lowerTopK(OpBuilder &b, Operation *op) {
  auto topk = cast<TopKOp>(op);
  auto in = cast<RankedTensorType>(topk.getInput().getType());
  int64_t axis = topk.getAxis();
  Split split = splitDomain(b.getContext(), in.getShape(), {axis}, false);
  SmallVector<NamedAttribute> params{
      b.getNamedAttr("k", b.getI64IntegerAttr(topk.getK()))};
  if (topk.getSmallest())
    params.push_back(b.getNamedAttr("smallest", b.getUnitAttr()));
  DispatchBuilder builder(b, op->getLoc(), RootKind::TopK, split.extents,
                          split.kept, params);
  builder.load(topk.getInput(), split.input);
  SmallVector<AffineExpr> exprs(split.input);
  exprs[axis] = getAffineSymbolExpr(0, b.getContext());
  for (Value result : topk->getResults())
    builder.store(cast<RankedTensorType>(result.getType()), exprs, -1, 1);
  Type element = in.getElementType();
  DispatchOp dispatch = builder.build(
      [&](PayloadScope &scope) -> SmallVector<Value> {
        return {swapSignOrder(scope.b, scope.loc, scope.loads[0], element)};
      },
      {computeType(element), b.getI64Type()},
      [&](PayloadScope &scope) -> SmallVector<Value> {
        return {swapSignOrder(scope.b, scope.loc, scope.root[0], element),
                scope.root[1]};
      });
  return SmallVector<Value>(dispatch.getResults());
}

static Values lowerHeatmapDecode(OpBuilder &b, Operation *op) {
  auto decode = cast<HeatmapDecodeOp>(op);
  auto in = cast<RankedTensorType>(decode.getHeatmaps().getType());
  int64_t rank = in.getRank();
  DispatchBuilder builder(
      b, op->getLoc(), RootKind::ArgReduce, in.getShape(), rank - 2,
      {combinerParam(b, ReduceKind::Max),
       b.getNamedAttr("decode", op->getAttrDictionary())});
  SmallVector<AffineExpr> all = dimRange(b.getContext(), 0, rank);
  for (Value operand : op->getOperands())
    builder.load(operand, all);
  for (Value result : op->getResults())
    builder.store(cast<RankedTensorType>(result.getType()),
                  ArrayRef(all).drop_back(2));
  Type type = computeType(in.getElementType());
  DispatchOp dispatch =
      builder.build(
          // There is one load where both operands are one tensor.
          [](PayloadScope &scope) -> SmallVector<Value> {
            return {scope.loads.front(), scope.loads.back()};
          },
          {type, type, type},
          [](PayloadScope &scope) { return scope.root; });
  return SmallVector<Value>(dispatch.getResults());
}

LowerFn visir::findReduceLowering(Operation *op) {
  return llvm::TypeSwitch<Operation *, LowerFn>(op)
      .Case<ReduceOp>([](auto) { return lowerReduce; })
      .Case<ArgReduceOp>([](auto) { return lowerArgReduce; })
      .Case<CumSumOp>([](auto) { return lowerCumSum; })
      .Case<SoftmaxOp>([](auto) { return lowerSoftmax; })
      .Case<TopKOp>([](auto) { return lowerTopK; })
      .Case<HeatmapDecodeOp>([](auto) { return lowerHeatmapDecode; })
      .Default([](auto) { return nullptr; });
}
