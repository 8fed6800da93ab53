// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"
#include "compiler/support/Constants.h"

using namespace mlir;
using namespace visir;

using Values = FailureOr<SmallVector<Value>>;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The type in which products of `element` are summed.
static Type accumulatorType(Type element) {
  if (element.isInteger(8))
    return IntegerType::get(element.getContext(), 32, IntegerType::Signed);
  return element;
}

/// The root's sum, with what was loaded as number `bias` added to it.
static SmallVector<Value> addBias(PayloadScope &s, std::optional<unsigned> bias,
                                  Type element) {
  if (!bias)
    return s.root;
  return {buildBinary(s.b, s.loc, BinaryKind::Add, s.root[0], s.loads[*bias],
                      element, element)};
}

/// A contraction of loads 0 and 1 with an optional bias added at load
/// `bias`.
static DispatchOp buildContract(DispatchBuilder &builder, Type lhs, Type rhs,
                                std::optional<unsigned> bias) {
  Type sum = accumulatorType(lhs);
  return builder.build(
      [&](PayloadScope &s) -> SmallVector<Value> {
        return {buildCast(s.b, s.loc, s.loads[0], lhs, sum),
                buildCast(s.b, s.loc, s.loads[1], rhs, sum)};
      },
      computeType(sum),
      [&](PayloadScope &s) -> SmallVector<Value> {
        return addBias(s, bias, sum);
      });
}

/// The domain is [batch..., m, n | k].
static Values lowerMatMul(OpBuilder &b, Operation *op) {
  auto matmul = cast<MatMulOp>(op);
  RankedTensorType lhs = typeOf(matmul.getLhs()), rhs = typeOf(matmul.getRhs());
  RankedTensorType out = typeOf(matmul.getResult());
  unsigned rank = out.getRank();
  SmallVector<int64_t> extents(out.getShape());
  extents.push_back(lhs.getShape().back());
  DispatchBuilder builder(b, op->getLoc(), RootKind::Contract, extents, rank);
  auto dims = dimRange(b.getContext(), 0, rank + 1);
  SmallVector<AffineExpr> left(dims), right(dims);
  left.erase(left.begin() + rank - 1);
  right[rank - 2] = dims[rank];
  right.pop_back();
  auto aligned = [&](Value tensor, ArrayRef<AffineExpr> exprs) {
    // The last two coordinates never broadcast, even if their size is 1.
    ArrayRef<int64_t> shape = typeOf(tensor).getShape();
    SmallVector<AffineExpr> coordinates;
    for (auto [i, size] : llvm::enumerate(shape))
      coordinates.push_back(
          size == 1 && i + 2 < shape.size()
              ? builder.constant(0)
              : exprs[exprs.size() - shape.size() + i]);
    return builder.load(tensor, coordinates);
  };
  aligned(matmul.getLhs(), left);
  // Both loads must be there even when the operands are the same.
  aligned(matmul.getRhs(), right);
  builder.store(out, ArrayRef<AffineExpr>(dims).drop_back());
  DispatchOp dispatch = buildContract(builder, lhs.getElementType(),
                                      rhs.getElementType(), std::nullopt);
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// A constant under another shape of as many elements, or a movement.
static Value reshaped(OpBuilder &b, Location loc, Value value,
                      ArrayRef<int64_t> shape) {
  RankedTensorType type = typeOf(value);
  if (type.getShape() == shape)
    return value;
  auto newType = RankedTensorType::get(shape, type.getElementType());
  if (ElementsAttr constant = constantOf(value)) {
    SmallVector<char> storage;
    return ConstantOp::create(
        b, loc, makeConstant(newType, constantBytes(constant, storage)));
  }
  return {};
}

namespace {

/// The domain [n, (group,) out..., channel | kernel..., ci] of convolutions;
/// the group is there only when there are several.
struct ConvDomain {
  SmallVector<int64_t> extents;
  AffineExpr n, channel, inChannel;
  AffineExpr outChannel;
  AffineExpr group; ///< null without groups
  SmallVector<AffineExpr> out, kernel;
  int64_t parallel = 0;

  ConvDomain(MLIRContext *context, int64_t batch, int64_t groups,
             ArrayRef<int64_t> spatial, int64_t channels,
             ArrayRef<int64_t> window, int64_t inChannels) {
    auto add = [&](int64_t extent) {
      extents.push_back(extent);
      return getAffineDimExpr(extents.size() - 1, context);
    };
    n = add(batch);
    if (groups > 1)
      group = add(groups);
    for (int64_t extent : spatial)
      out.push_back(add(extent));
    channel = add(channels);
    parallel = extents.size();
    for (int64_t extent : window)
      kernel.push_back(add(extent));
    AffineExpr ci = add(inChannels);
    inChannel = groups > 1 ? group * inChannels + ci : ci;
    outChannel = groups > 1 ? group * channels + channel : channel;
    weightChannel = ci;
  }
  AffineExpr weightChannel;
};

} // namespace

/// Depthwise: [n, out..., c(, multiplier) | kernel...], a reduction of
/// products.
static Values lowerDepthwise(OpBuilder &b, ConvOp conv) {
  RankedTensorType in = typeOf(conv.getInput());
  RankedTensorType weight = typeOf(conv.getWeight());
  RankedTensorType out = typeOf(conv.getResult());
  unsigned spatial = in.getRank() - 2;
  int64_t channels = in.getDimSize(1);
  int64_t multiplier = out.getDimSize(1) / channels;
  SmallVector<int64_t> extents{out.getDimSize(0)};
  llvm::append_range(extents, out.getShape().drop_front(2));
  extents.push_back(channels);
  if (multiplier > 1)
    extents.push_back(multiplier);
  int64_t parallel = extents.size();
  llvm::append_range(extents, weight.getShape().drop_front(2));
  DispatchBuilder builder(
      b, conv.getLoc(), RootKind::Reduce, extents, parallel,
      combinerParam(b, ReduceKind::Sum));
  AffineExpr c = builder.dim(1 + spatial);
  AffineExpr oc = c;
  if (multiplier > 1)
    oc = c * multiplier + builder.dim(2 + spatial);
  SmallVector<AffineExpr> x{builder.dim(0), c}, w{oc, builder.constant(0)};
  SmallVector<AffineExpr> y{builder.dim(0), oc};
  for (unsigned i = 0; i < spatial; ++i) {
    AffineExpr k = builder.dim(parallel + i);
    x.push_back(builder.dim(1 + i) * conv.getStrides()[i] +
                k * conv.getDilations()[i] - conv.getPads()[i]);
    w.push_back(k);
    y.push_back(builder.dim(1 + i));
  }
  builder.load(conv.getInput(), x, anyNonZero(conv.getPads()), 0.0);
  builder.load(conv.getWeight(), w);
  std::optional<unsigned> bias;
  if (conv.getBias())
    bias = builder.load(conv.getBias(), oc);
  builder.store(out, y);
  Type element = in.getElementType();
  DispatchOp dispatch = builder.build(
      [&](PayloadScope &s) -> SmallVector<Value> {
        return {buildBinary(s.b, s.loc, BinaryKind::Mul, s.loads[0],
                            s.loads[1], element, element)};
      },
      computeType(element),
      [&](PayloadScope &s) -> SmallVector<Value> {
        return addBias(s, bias, element);
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// Whether so few results share an input channel that a product for all taps
/// at once, from which the results are then summed, fills vectors better.
static bool isNarrow(ConvOp conv) {
  RankedTensorType weight = typeOf(conv.getWeight());
  constexpr int64_t kMostChannels = 2, kFewestInputs = 16;
  int64_t channels = weight.getDimSize(0) / conv.getGroups();
  int64_t taps = ShapedType::getNumElements(weight.getShape().drop_front(2));
  return channels <= kMostChannels && weight.getDimSize(1) >= kFewestInputs &&
         taps > 1 && constantOf(conv.getWeight()) &&
         isa<FloatType>(weight.getElementType()) &&
         llvm::all_of(conv.getStrides(), [](int64_t s) { return s == 1; });
}

/// The product of a narrow convolution, at every position of the input with
/// every tap: [n, g, in..., co, tap | ci] into n x g x co x taps x in.
static Value multiplyTaps(OpBuilder &b, ConvOp conv) {
  RankedTensorType in = typeOf(conv.getInput());
  RankedTensorType weight = typeOf(conv.getWeight());
  int64_t groups = conv.getGroups(), inner = weight.getDimSize(1);
  int64_t channels = weight.getDimSize(0) / groups;
  ArrayRef<int64_t> positions = in.getShape().drop_front(2);
  int64_t taps = ShapedType::getNumElements(weight.getShape().drop_front(2));
  SmallVector<int64_t> extents{in.getDimSize(0), groups};
  llvm::append_range(extents, positions);
  extents.append({channels, taps, inner});
  unsigned rank = extents.size() - 1;
  DispatchBuilder builder(b, conv.getLoc(), RootKind::Contract, extents, rank);
  AffineExpr n = builder.dim(0), g = builder.dim(1);
  AffineExpr channel = builder.dim(rank - 2), tap = builder.dim(rank - 1);
  AffineExpr ci = builder.dim(rank);
  SmallVector<AffineExpr> x{n, g * inner + ci}, y{n, g, channel, tap};
  auto at = dimRange(b.getContext(), 2, rank - 2);
  llvm::append_range(x, at);
  llvm::append_range(y, at);
  builder.load(conv.getInput(), x);
  builder.load(reshaped(b, conv.getLoc(), conv.getWeight(),
                        {groups, channels, inner, taps}),
               {g, channel, ci, tap});
  SmallVector<int64_t> shape{in.getDimSize(0), groups, channels, taps};
  llvm::append_range(shape, positions);
  Type element = in.getElementType();
  builder.store(RankedTensorType::get(shape, element), y);
  return buildContract(builder, element, element, std::nullopt).getResult(0);
}

/// A narrow convolution: the sum [n, g, out..., co | kernel...] over what
/// `multiplyTaps` gives at the taps' places.
static Values lowerNarrowConv(OpBuilder &b, ConvOp conv) {
  Value products = multiplyTaps(b, conv);
  RankedTensorType weight = typeOf(conv.getWeight());
  RankedTensorType out = typeOf(conv.getResult());
  int64_t groups = conv.getGroups(), channels = out.getDimSize(1) / groups;
  ArrayRef<int64_t> kernel = weight.getShape().drop_front(2);
  unsigned spatial = kernel.size(), parallel = spatial + 3;
  SmallVector<int64_t> extents{out.getDimSize(0), groups};
  llvm::append_range(extents, out.getShape().drop_front(2));
  extents.push_back(channels);
  llvm::append_range(extents, kernel);
  DispatchBuilder builder(
      b, conv.getLoc(), RootKind::Reduce, extents, parallel,
      combinerParam(b, ReduceKind::Sum));
  AffineExpr n = builder.dim(0), g = builder.dim(1);
  AffineExpr channel = builder.dim(parallel - 1), tap = builder.constant(0);
  SmallVector<AffineExpr> places, y{n, g * channels + channel};
  for (unsigned i = 0; i < spatial; ++i) {
    AffineExpr at = builder.dim(2 + i), k = builder.dim(parallel + i);
    tap = tap * kernel[i] + k;
    places.push_back(at + k * conv.getDilations()[i] - conv.getPads()[i]);
    y.push_back(at);
  }
  SmallVector<AffineExpr> x{n, g, channel, tap};
  llvm::append_range(x, places);
  builder.load(products, x, anyNonZero(conv.getPads()), 0.0);
  std::optional<unsigned> bias;
  if (conv.getBias())
    bias = builder.load(conv.getBias(), y[1]);
  builder.store(out, y);
  Type element = out.getElementType();
  DispatchOp dispatch = builder.build(
      [](PayloadScope &s) -> SmallVector<Value> { return {s.loads[0]}; },
      computeType(element),
      [&](PayloadScope &s) -> SmallVector<Value> {
        return addBias(s, bias, element);
      });
  return SmallVector<Value>{dispatch.getResult(0)};
}

static Values lowerConv(OpBuilder &b, Operation *op) {
  auto conv = cast<ConvOp>(op);
  RankedTensorType in = typeOf(conv.getInput());
  RankedTensorType weight = typeOf(conv.getWeight());
  RankedTensorType out = typeOf(conv.getResult());
  unsigned spatial = in.getRank() - 2;
  int64_t groups = conv.getGroups(), inner = weight.getDimSize(1);
  if (groups > 1 && inner == 1 && groups == in.getDimSize(1) &&
      isa<FloatType>(in.getElementType()))
    return lowerDepthwise(b, conv);
  if (isNarrow(conv))
    return lowerNarrowConv(b, conv);
  int64_t channels = out.getDimSize(1) / groups;
  ConvDomain d(b.getContext(), out.getDimSize(0), groups,
               out.getShape().drop_front(2), channels,
               weight.getShape().drop_front(2), inner);
  // A constant weight is g x co x ci x kernel, so that its channels pack.
  Value packed;
  if (groups > 1) {
    SmallVector<int64_t> shape{groups, channels};
    llvm::append_range(shape, weight.getShape().drop_front(1));
    packed = reshaped(b, op->getLoc(), conv.getWeight(), shape);
  }
  DispatchBuilder builder(b, op->getLoc(), RootKind::Contract, d.extents,
                          d.parallel);
  SmallVector<AffineExpr> x{d.n, d.inChannel}, w, y{d.n, d.outChannel};
  if (packed)
    w.append({d.group, d.channel});
  else
    w.push_back(d.outChannel);
  w.push_back(d.weightChannel);
  for (unsigned i = 0; i < spatial; ++i) {
    x.push_back(d.out[i] * conv.getStrides()[i] +
                d.kernel[i] * conv.getDilations()[i] - conv.getPads()[i]);
    w.push_back(d.kernel[i]);
    y.push_back(d.out[i]);
  }
  builder.load(conv.getInput(), x, anyNonZero(conv.getPads()), 0.0);
  builder.load(packed ? packed : conv.getWeight(), w);
  std::optional<unsigned> bias;
  if (conv.getBias())
    bias = builder.load(conv.getBias(), d.outChannel);
  builder.store(out, y);
  DispatchOp dispatch = buildContract(builder, in.getElementType(),
                                      weight.getElementType(), bias);
  return SmallVector<Value>{dispatch.getResult(0)};
}

static bool isStamp(ConvTransposeOp op) {
  ArrayRef<int64_t> kernel =
      typeOf(op.getWeight()).getShape().drop_front(2);
  return !anyNonZero(op.getPads()) && !anyNonZero(op.getOutputPadding()) &&
         llvm::all_of(op.getDilations(), [](int64_t d) { return d == 1; }) &&
         kernel == op.getStrides();
}

static bool isDepthwise(ConvTransposeOp op) {
  RankedTensorType in = typeOf(op.getInput());
  int64_t groups = op.getGroups();
  return groups > 1 && groups == in.getDimSize(1) &&
         typeOf(op.getWeight()).getDimSize(1) == 1 &&
         isa<FloatType>(in.getElementType());
}

/// Appends the spatial coordinates of the input, the weights and the result to
/// `x`, `w` and `y`: dimensions in... from `first` on, then kernel...
static void stampPositions(DispatchBuilder &builder, ConvTransposeOp op,
                           unsigned first, SmallVectorImpl<AffineExpr> &x,
                           SmallVectorImpl<AffineExpr> &w,
                           SmallVectorImpl<AffineExpr> &y) {
  ArrayRef<int64_t> strides = op.getStrides();
  for (auto [i, stride] : llvm::enumerate(strides)) {
    AffineExpr at = builder.dim(first + i);
    AffineExpr k = builder.dim(first + strides.size() + i);
    x.push_back(at);
    w.push_back(k);
    y.push_back(at * stride + k);
  }
}

/// kernel = stride where each channel has its own kernel: a map over
/// [n, in..., kernel..., c], a product for each result.
static Values lowerDepthwiseStamp(OpBuilder &b, ConvTransposeOp op) {
  RankedTensorType in = typeOf(op.getInput());
  RankedTensorType weight = typeOf(op.getWeight());
  SmallVector<int64_t> extents{in.getDimSize(0)};
  llvm::append_range(extents, in.getShape().drop_front(2));
  llvm::append_range(extents, weight.getShape().drop_front(2));
  extents.push_back(in.getDimSize(1));
  DispatchBuilder builder(b, op.getLoc(), RootKind::Map, extents,
                          extents.size());
  AffineExpr c = builder.dim(extents.size() - 1);
  SmallVector<AffineExpr> x{builder.dim(0), c}, w{c, builder.constant(0)};
  SmallVector<AffineExpr> y{builder.dim(0), c};
  stampPositions(builder, op, 1, x, w, y);
  builder.load(op.getInput(), x);
  builder.load(op.getWeight(), w);
  if (op.getBias())
    builder.load(op.getBias(), c);
  builder.store(typeOf(op.getResult()), y);
  Type element = in.getElementType();
  DispatchOp dispatch = builder.build([&](PayloadScope &s)
                                          -> SmallVector<Value> {
    auto make = [&](BinaryKind kind, Value left, Value right) {
      return buildBinary(s.b, s.loc, kind, left, right, element, element);
    };
    Value product = make(BinaryKind::Mul, s.loads[0], s.loads[1]);
    return {op.getBias() ? make(BinaryKind::Add, product, s.loads[2])
                         : product};
  });
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// kernel = stride: every input element paints its own block. The domain is
/// [n, (g,) in..., kernel..., co | ci].
static Values lowerStamp(OpBuilder &b, ConvTransposeOp op) {
  RankedTensorType in = typeOf(op.getInput());
  RankedTensorType weight = typeOf(op.getWeight());
  RankedTensorType out = typeOf(op.getResult());
  int64_t groups = op.getGroups(), inner = in.getDimSize(1) / groups;
  int64_t channels = weight.getDimSize(1);
  SmallVector<int64_t> extents{in.getDimSize(0), groups};
  llvm::append_range(extents, in.getShape().drop_front(2));
  llvm::append_range(extents, weight.getShape().drop_front(2));
  extents.push_back(channels);
  int64_t parallel = extents.size();
  extents.push_back(inner);
  DispatchBuilder builder(b, op.getLoc(), RootKind::Contract, extents,
                          parallel);
  AffineExpr g = builder.dim(1), co = builder.dim(parallel - 1);
  AffineExpr ci = g * inner + builder.dim(parallel);
  AffineExpr oc = g * channels + co;
  SmallVector<AffineExpr> x{builder.dim(0), ci}, w{ci, co};
  SmallVector<AffineExpr> y{builder.dim(0), oc};
  stampPositions(builder, op, 2, x, w, y);
  builder.load(op.getInput(), x);
  builder.load(op.getWeight(), w);
  std::optional<unsigned> bias;
  if (op.getBias())
    bias = builder.load(op.getBias(), oc);
  builder.store(out, y);
  DispatchOp dispatch = buildContract(builder, in.getElementType(),
                                      weight.getElementType(), bias);
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// The input with stride - 1 zeros between its elements, and a border of
/// `low` and `high` zeros (negative ones crop).
static Value stuffZeros(OpBuilder &b, ConvTransposeOp op,
                        ArrayRef<int64_t> low, ArrayRef<int64_t> extents) {
  RankedTensorType in = typeOf(op.getInput());
  SmallVector<int64_t> shape(in.getShape().take_front(2));
  llvm::append_range(shape, extents);
  auto type = RankedTensorType::get(shape, in.getElementType());
  auto dims = dimRange(b.getContext(), 0, in.getRank());
  DispatchBuilder fill(b, op.getLoc(), RootKind::Map, shape, in.getRank());
  fill.store(type, dims);
  Type scalar = computeType(in.getElementType());
  Value zeros = fill.build([&](PayloadScope &s) -> SmallVector<Value> {
                      return {scalarConstant(s.b, s.loc, scalar, int64_t(0))};
                    })
                    .getResult(0);
  // Only the input elements that land inside of the stuffed tensor are
  // copied.
  SmallVector<int64_t> sizes(in.getShape().take_front(2));
  SmallVector<AffineExpr> src(dims.begin(), dims.begin() + 2), dst(src);
  for (auto [i, extent] : llvm::enumerate(extents)) {
    int64_t stride = op.getStrides()[i], size = in.getDimSize(i + 2);
    int64_t first = low[i] >= 0 ? 0 : (-low[i] + stride - 1) / stride;
    int64_t last = std::min(size, (extent - 1 - low[i]) / stride + 1);
    sizes.push_back(std::max<int64_t>(last - first, 0));
    src.push_back(dims[i + 2] + first);
    dst.push_back(dims[i + 2] * stride + (first * stride + low[i]));
  }
  DispatchBuilder copy(b, op.getLoc(), RootKind::Map, sizes, in.getRank());
  copy.load(op.getInput(), src);
  unsigned tie = copy.load(zeros, dst);
  copy.store(type, dst, tie);
  return copy
      .build([](PayloadScope &s) -> SmallVector<Value> {
        return {s.loads[0]};
      })
      .getResult(0);
}

/// A convolution of the zero-stuffed input with the mirrored kernel.
static Values lowerConvTranspose(OpBuilder &b, Operation *raw) {
  auto op = cast<ConvTransposeOp>(raw);
  if (isStamp(op))
    return isDepthwise(op) ? lowerDepthwiseStamp(b, op) : lowerStamp(b, op);
  RankedTensorType in = typeOf(op.getInput());
  RankedTensorType weight = typeOf(op.getWeight());
  RankedTensorType out = typeOf(op.getResult());
  unsigned spatial = in.getRank() - 2;
  int64_t groups = op.getGroups(), inner = in.getDimSize(1) / groups;
  int64_t channels = weight.getDimSize(1);
  SmallVector<int64_t> low, extents;
  for (unsigned i = 0; i < spatial; ++i) {
    int64_t reach = op.getDilations()[i] * (weight.getDimSize(i + 2) - 1);
    low.push_back(reach - op.getPads()[i]);
    extents.push_back(out.getDimSize(i + 2) + reach);
  }
  Value stuffed = stuffZeros(b, op, low, extents);
  ConvDomain d(b.getContext(), out.getDimSize(0), groups,
               out.getShape().drop_front(2), channels,
               weight.getShape().drop_front(2), inner);
  DispatchBuilder builder(b, op.getLoc(), RootKind::Contract, d.extents,
                          d.parallel);
  SmallVector<AffineExpr> x{d.n, d.inChannel}, w{d.inChannel, d.channel};
  SmallVector<AffineExpr> y{d.n, d.outChannel};
  for (unsigned i = 0; i < spatial; ++i) {
    x.push_back(d.out[i] + d.kernel[i] * op.getDilations()[i]);
    w.push_back(weight.getDimSize(i + 2) - 1 - d.kernel[i]);
    y.push_back(d.out[i]);
  }
  builder.load(stuffed, x);
  builder.load(op.getWeight(), w);
  std::optional<unsigned> bias;
  if (op.getBias())
    bias = builder.load(op.getBias(), d.outChannel);
  builder.store(out, y);
  DispatchOp dispatch = buildContract(builder, in.getElementType(),
                                      weight.getElementType(), bias);
  return SmallVector<Value>{dispatch.getResult(0)};
}

/// The domain is [batch..., m, e | n, d].
static Values lowerAttention(OpBuilder &b, Operation *op) {
  auto attention = cast<AttentionOp>(op);
  RankedTensorType query = typeOf(attention.getQuery());
  RankedTensorType key = typeOf(attention.getKey());
  RankedTensorType out = typeOf(attention.getResult());
  unsigned rank = out.getRank(), batch = rank - 2;
  SmallVector<int64_t> extents(out.getShape());
  extents.push_back(key.getDimSize(batch));
  extents.push_back(query.getShape().back());
  SmallVector<NamedAttribute> params{
      b.getNamedAttr("scale", attention.getScaleAttr())};
  if (attention.getCausal())
    params.push_back(b.getNamedAttr("causal", b.getUnitAttr()));
  DispatchBuilder builder(b, op->getLoc(), RootKind::Attention, extents, rank,
                          params);
  auto dims = dimRange(b.getContext(), 0, rank + 2);
  auto coordinates = [&](unsigned row, unsigned column) {
    SmallVector<AffineExpr> exprs(dims.begin(), dims.begin() + batch);
    exprs.append({dims[row], dims[column]});
    return exprs;
  };
  unsigned m = batch, e = batch + 1, n = batch + 2, d = batch + 3;
  SmallVector<unsigned> loads{
      builder.load(attention.getQuery(), coordinates(m, d)),
      builder.load(attention.getKey(), coordinates(n, d)),
      builder.load(attention.getValue(), coordinates(n, e))};
  if (attention.getMask())
    loads.push_back(
        builder.loadBroadcast(attention.getMask(), coordinates(m, n)));
  builder.store(out, coordinates(m, e));
  DispatchOp dispatch = builder.build(
      [&](PayloadScope &scope) {
        SmallVector<Value> values;
        for (unsigned load : loads)
          values.push_back(scope.loads[load]);
        return values;
      },
      computeType(out.getElementType()),
      [](PayloadScope &scope) { return scope.root; });
  return SmallVector<Value>{dispatch.getResult(0)};
}

LowerFn visir::findContractionLowering(Operation *op) {
  return llvm::TypeSwitch<Operation *, LowerFn>(op)
      .Case<MatMulOp>([](auto) { return lowerMatMul; })
      .Case<ConvOp>([](auto) { return lowerConv; })
      .Case<ConvTransposeOp>([](auto) { return lowerConvTranspose; })
      .Case<AttentionOp>([](auto) { return lowerAttention; })
      .Default([](auto) { return nullptr; });
}
