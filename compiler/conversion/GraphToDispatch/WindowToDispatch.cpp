// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"
#include "compiler/support/Constants.h"

#include <cmath>

using namespace mlir;
using namespace visir;

using Values = FailureOr<SmallVector<Value>>;

/// The domain [n, out..., c | kernel...] of a pooling op and the coordinates
/// of its input and result.
template <typename PoolOp> struct PoolDomain {
  SmallVector<int64_t> extents;
  SmallVector<AffineExpr> input, result;
  int64_t parallel;

  PoolDomain(OpBuilder &b, PoolOp op) {
    auto out = cast<RankedTensorType>(op.getType());
    unsigned spatial = op.getKernel().size();
    extents.push_back(out.getDimSize(0));
    llvm::append_range(extents, out.getShape().drop_front(2));
    extents.push_back(out.getDimSize(1));
    parallel = extents.size();
    llvm::append_range(extents, op.getKernel());
    auto dims = dimRange(b.getContext(), 0, extents.size());
    input = {dims[0], dims[spatial + 1]};
    result = input;
    for (unsigned i = 0; i < spatial; ++i) {
      input.push_back(dims[1 + i] * op.getStrides()[i] +
                      dims[parallel + i] * op.getDilations()[i] -
                      op.getPads()[i]);
      result.push_back(dims[1 + i]);
    }
  }
};

/// The least value of an element type; nothing for types without a wide
/// enough range as a double.
static double lowest(Type element) {
  if (isa<FloatType>(element))
    return -INFINITY;
  auto integer = cast<IntegerType>(element);
  return integer.isUnsigned() ? 0.0 : -std::ldexp(1.0, integer.getWidth() - 1);
}

static Values lowerMaxPool(OpBuilder &b, Operation *op) {
  auto pool = cast<MaxPoolOp>(op);
  auto type = cast<RankedTensorType>(pool.getType());
  PoolDomain<MaxPoolOp> domain(b, pool);
  DispatchBuilder builder(
      b, op->getLoc(), RootKind::Reduce, domain.extents, domain.parallel,
      combinerParam(b, ReduceKind::Max));
  builder.load(pool.getInput(), domain.input, anyNonZero(pool.getPads()),
               lowest(type.getElementType()));
  builder.store(type, domain.result);
  Type element = type.getElementType();
  DispatchOp dispatch = builder.build(
      [&](PayloadScope &scope) -> SmallVector<Value> {
        return {swapSignOrder(scope.b, scope.loc, scope.loads[0], element)};
      },
      computeType(element),
      [&](PayloadScope &scope) -> SmallVector<Value> {
        return {swapSignOrder(scope.b, scope.loc, scope.root[0], element)};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// How many taps of the window at `position` count along one dimension.
static int64_t countTaps(int64_t position, int64_t stride, int64_t dilation,
                         int64_t kernel, int64_t pad, int64_t low,
                         int64_t high) {
  int64_t count = 0;
  for (int64_t k = 0; k < kernel; ++k) {
    int64_t at = position * stride + k * dilation - pad;
    count += at >= low && at < high;
  }
  return count;
}

/// A table out spatial of the windows' divisors.
static ElementsAttr divisorTable(AvgPoolOp op, Type element) {
  auto in = cast<RankedTensorType>(op.getInput().getType());
  auto out = cast<RankedTensorType>(op.getType());
  unsigned spatial = op.getKernel().size();
  SmallVector<double> table{1.0};
  for (unsigned i = 0; i < spatial; ++i) {
    int64_t low = 0, high = in.getDimSize(i + 2);
    if (auto counted = op.getCountedPads()) {
      low -= (*counted)[i];
      high += (*counted)[i + spatial];
    }
    SmallVector<double> next;
    for (double outer : table)
      for (int64_t p = 0; p < out.getDimSize(i + 2); ++p)
        next.push_back(outer * countTaps(p, op.getStrides()[i],
                                         op.getDilations()[i],
                                         op.getKernel()[i], op.getPads()[i],
                                         low, high));
    table = std::move(next);
  }
  return makeConstant(
      RankedTensorType::get(out.getShape().drop_front(2), element), table);
}

static Values lowerAvgPool(OpBuilder &b, Operation *op) {
  auto pool = cast<AvgPoolOp>(op);
  auto type = cast<RankedTensorType>(pool.getType());
  Type element = type.getElementType();
  PoolDomain<AvgPoolOp> domain(b, pool);
  DispatchBuilder builder(
      b, op->getLoc(), RootKind::Reduce, domain.extents, domain.parallel,
      combinerParam(b, ReduceKind::Sum));
  bool padded = anyNonZero(pool.getPads());
  builder.load(pool.getInput(), domain.input, padded, 0.0);
  std::optional<unsigned> table;
  if (padded) {
    Value divisors = ConstantOp::create(b, op->getLoc(),
                                        divisorTable(pool, b.getF32Type()));
    table = builder.load(divisors,
                         ArrayRef<AffineExpr>(domain.result).drop_front(2));
  }
  builder.store(type, domain.result);
  double whole = double(ShapedType::getNumElements(pool.getKernel()));
  Type compute = computeType(element);
  DispatchOp dispatch = builder.build(
      [](PayloadScope &scope) -> SmallVector<Value> {
        return {scope.loads[0]};
      },
      compute,
      [&](PayloadScope &scope) -> SmallVector<Value> {
        Value divisor =
            table ? buildCast(scope.b, scope.loc, scope.loads[*table],
                              scope.b.getF32Type(), compute)
                  : scalarConstant(scope.b, scope.loc, compute, whole);
        return {buildBinary(scope.b, scope.loc, BinaryKind::Div,
                            scope.root[0], divisor, element, element)};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// The domain is [out dims | taps].
static Values lowerResize(OpBuilder &b, Operation *op) {
  auto resize = cast<ResizeOp>(op);
  auto type = cast<RankedTensorType>(resize.getType());
  int64_t axis = resize.getAxis(), rank = type.getRank();
  SmallVector<int64_t> extents(type.getShape());
  extents.push_back(
      cast<RankedTensorType>(resize.getIndices().getType()).getDimSize(1));
  DispatchBuilder builder(
      b, op->getLoc(), RootKind::Reduce, extents, rank,
      combinerParam(b, ReduceKind::Sum));
  auto dims = dimRange(b.getContext(), 0, rank + 1);
  SmallVector<AffineExpr> table{dims[axis], dims[rank]};
  unsigned index = builder.load(resize.getIndices(), table);
  unsigned weight = builder.load(resize.getWeights(), table);
  SmallVector<AffineExpr> source(ArrayRef<AffineExpr>(dims).drop_back());
  source[axis] = builder.constant(0);
  unsigned x = builder.loadIndexed(resize.getInput(), source, axis,
                                   int64_t(index));
  builder.store(type, ArrayRef<AffineExpr>(dims).drop_back());
  Type element = type.getElementType(), f32 = b.getF32Type();
  Type work = isa<FloatType>(element) ? element : Type(f32);
  DispatchOp dispatch = builder.build(
      [&](PayloadScope &s) -> SmallVector<Value> {
        Value value = buildCast(s.b, s.loc, s.loads[x], element, work);
        Value factor = buildCast(s.b, s.loc, s.loads[weight], f32, work);
        return {arith::MulFOp::create(s.b, s.loc, value, factor)};
      },
      computeType(work),
      [&](PayloadScope &s) -> SmallVector<Value> {
        return {buildCast(s.b, s.loc, s.root[0], work, element)};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// The domain is [n, c, out spatial... | coordinates].
static Values lowerGridSample(OpBuilder &b, Operation *op) {
  auto sample = cast<GridSampleOp>(op);
  auto type = cast<RankedTensorType>(sample.getType());
  int64_t rank = type.getRank();
  SmallVector<int64_t> extents(type.getShape());
  extents.push_back(rank - 2);
  SmallVector<NamedAttribute> params{
      b.getNamedAttr("mode", sample.getModeAttr()),
      b.getNamedAttr("border", sample.getBorderAttr())};
  if (sample.getAlignCorners())
    params.push_back(b.getNamedAttr("align_corners", b.getUnitAttr()));
  DispatchBuilder builder(b, op->getLoc(), RootKind::GridSample, extents, rank,
                          params);
  auto dims = dimRange(b.getContext(), 0, rank + 1);
  SmallVector<AffineExpr> input{dims[0], dims[1]}, grid{dims[0]};
  for (int64_t i = 2; i < rank; ++i) {
    input.push_back(builder.constant(0));
    grid.push_back(dims[i]);
  }
  grid.push_back(dims[rank]);
  builder.load(sample.getInput(), input);
  builder.load(sample.getGrid(), grid);
  builder.store(type, ArrayRef<AffineExpr>(dims).drop_back());
  DispatchOp dispatch = builder.build(
      [](PayloadScope &) { return SmallVector<Value>(); },
      computeType(type.getElementType()),
      [](PayloadScope &scope) { return scope.root; });
  return SmallVector<Value>{dispatch.getResult(0)};
}

LowerFn visir::findWindowLowering(Operation *op) {
  return llvm::TypeSwitch<Operation *, LowerFn>(op)
      .Case<MaxPoolOp>([](auto) { return lowerMaxPool; })
      .Case<AvgPoolOp>([](auto) { return lowerAvgPool; })
      .Case<ResizeOp>([](auto) { return lowerResize; })
      .Case<GridSampleOp>([](auto) { return lowerGridSample; })
      .Default([](auto) { return nullptr; });
}
