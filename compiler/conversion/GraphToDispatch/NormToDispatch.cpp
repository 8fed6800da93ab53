// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"

using namespace mlir;
using namespace visir;

using Values = FailureOr<SmallVector<Value>>;

/// root value * scale + bias, each if it is there.
static Value scaleAndShift(PayloadScope &scope, std::optional<unsigned> scale,
                           std::optional<unsigned> bias) {
  Value x = scope.root[0];
  if (scale)
    x = arith::MulFOp::create(scope.b, scope.loc, x, scope.loads[*scale]);
  if (bias)
    x = arith::AddFOp::create(scope.b, scope.loc, x, scope.loads[*bias]);
  return x;
}

/// Finishes a layer or group norm that reads and writes its tensor at `exprs`,
/// and each parameter as `loadParameter` says.
template <class Norm>
static Values
buildNorm(DispatchBuilder &builder, Norm norm, ArrayRef<AffineExpr> exprs,
          llvm::function_ref<unsigned(Value)> loadParameter) {
  auto type = cast<RankedTensorType>(norm.getType());
  builder.load(norm.getInput(), exprs);
  std::optional<unsigned> scale, bias;
  if (norm.getScale())
    scale = loadParameter(norm.getScale());
  if (norm.getBias())
    bias = loadParameter(norm.getBias());
  builder.store(type, exprs);
  DispatchOp dispatch = builder.build(
      [](PayloadScope &scope) -> SmallVector<Value> {
        return {scope.loads[0]};
      },
      computeType(type.getElementType()),
      [&](PayloadScope &scope) -> SmallVector<Value> {
        return {scaleAndShift(scope, scale, bias)};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

static Values lowerLayerNorm(OpBuilder &b, Operation *op) {
  auto norm = cast<LayerNormOp>(op);
  auto type = cast<RankedTensorType>(norm.getType());
  SmallVector<NamedAttribute> params{
      b.getNamedAttr("epsilon", norm.getEpsilonAttr())};
  if (norm.getRms())
    params.push_back(b.getNamedAttr("rms", b.getUnitAttr()));
  DispatchBuilder builder(b, op->getLoc(), RootKind::Norm, type.getShape(),
                          norm.getAxis(), params);
  auto dims = dimRange(b.getContext(), 0, type.getRank());
  return buildNorm(builder, norm, dims, [&](Value parameter) {
    return builder.loadBroadcast(parameter, dims);
  });
}

/// The domain is [n, group | channel of the group, spatial...].
static Values lowerGroupNorm(OpBuilder &b, Operation *op) {
  auto norm = cast<GroupNormOp>(op);
  auto type = cast<RankedTensorType>(norm.getType());
  int64_t groups = norm.getGroups(), size = type.getDimSize(1) / groups;
  SmallVector<int64_t> extents{type.getDimSize(0), groups, size};
  llvm::append_range(extents, type.getShape().drop_front(2));
  DispatchBuilder builder(b, op->getLoc(), RootKind::Norm, extents, 2,
                          b.getNamedAttr("epsilon", norm.getEpsilonAttr()));
  AffineExpr channel = builder.dim(1) * size + builder.dim(2);
  SmallVector<AffineExpr> exprs{builder.dim(0), channel};
  llvm::append_range(exprs, dimRange(b.getContext(), 3, extents.size()));
  return buildNorm(builder, norm, exprs, [&](Value parameter) {
    return builder.load(parameter, channel);
  });
}

/// A batch norm that could not be folded: elementwise with per-channel loads.
static Values lowerBatchNorm(OpBuilder &b, Operation *op) {
  auto norm = cast<BatchNormOp>(op);
  auto type = cast<RankedTensorType>(norm.getType());
  DispatchBuilder builder(b, op->getLoc(), RootKind::Map, type.getShape(),
                          type.getRank());
  auto dims = dimRange(b.getContext(), 0, type.getRank());
  unsigned x = builder.load(norm.getInput(), dims);
  unsigned scale = builder.load(norm.getScale(), dims[1]);
  unsigned bias = builder.load(norm.getBias(), dims[1]);
  unsigned mean = builder.load(norm.getMean(), dims[1]);
  unsigned variance = builder.load(norm.getVariance(), dims[1]);
  builder.store(type, dims);
  double epsilon = norm.getEpsilon().convertToDouble();
  DispatchOp dispatch =
      builder.build([&](PayloadScope &s) -> SmallVector<Value> {
        auto &l = s.loads;
        Value centred = arith::SubFOp::create(s.b, s.loc, l[x], l[mean]);
        Value shifted = arith::AddFOp::create(
            s.b, s.loc, l[variance],
            scalarConstant(s.b, s.loc, l[variance].getType(), epsilon));
        Value deviation = math::SqrtOp::create(s.b, s.loc, shifted);
        Value unit = arith::DivFOp::create(s.b, s.loc, centred, deviation);
        Value scaled = arith::MulFOp::create(s.b, s.loc, unit, l[scale]);
        return {arith::AddFOp::create(s.b, s.loc, scaled, l[bias])};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// The domain is [n, c, spatial... | window over channels].
static Values lowerLrn(OpBuilder &b, Operation *op) {
  auto lrn = cast<LrnOp>(op);
  auto type = cast<RankedTensorType>(lrn.getType());
  int64_t size = lrn.getSize();
  SmallVector<int64_t> extents(type.getShape());
  extents.push_back(size);
  DispatchBuilder builder(
      b, op->getLoc(), RootKind::Reduce, extents, type.getRank(),
      combinerParam(b, ReduceKind::Sum));
  auto dims = dimRange(b.getContext(), 0, type.getRank());
  SmallVector<AffineExpr> window(dims);
  window[1] = dims[1] + builder.dim(type.getRank()) - (size - 1) / 2;
  unsigned near = builder.load(lrn.getInput(), window, /*padded=*/true, 0.0);
  unsigned here = builder.load(lrn.getInput(), dims);
  builder.store(type, dims);
  DispatchOp dispatch = builder.build(
      [&](PayloadScope &s) -> SmallVector<Value> {
        return {arith::MulFOp::create(s.b, s.loc, s.loads[near],
                                      s.loads[near])};
      },
      computeType(type.getElementType()),
      [&](PayloadScope &s) -> SmallVector<Value> {
        Type t = s.root[0].getType();
        auto number = [&](double value) {
          return scalarConstant(s.b, s.loc, t, value);
        };
        Value scaled = arith::MulFOp::create(
            s.b, s.loc, s.root[0],
            number(lrn.getAlpha().convertToDouble() / double(size)));
        Value base = arith::AddFOp::create(
            s.b, s.loc, scaled, number(lrn.getBias().convertToDouble()));
        Value power = math::PowFOp::create(
            s.b, s.loc, base, number(lrn.getBeta().convertToDouble()));
        return {arith::DivFOp::create(s.b, s.loc, s.loads[here], power)};
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

LowerFn visir::findNormLowering(Operation *op) {
  return llvm::TypeSwitch<Operation *, LowerFn>(op)
      .Case<LayerNormOp>([](auto) { return lowerLayerNorm; })
      .Case<GroupNormOp>([](auto) { return lowerGroupNorm; })
      .Case<BatchNormOp>([](auto) { return lowerBatchNorm; })
      .Case<LrnOp>([](auto) { return lowerLrn; })
      .Default([](auto) { return nullptr; });
}
