// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Binary convolutions as words of signs. Targets see nothing but reductions
// whose payloads are integers; the CPU knows these by their payloads.
#include "compiler/conversion/GraphToDispatch/DispatchBuilder.h"
#include "compiler/support/Constants.h"
#include "dialects/visir/Binary.h"

#include <cmath>

using namespace mlir;
using namespace visir;

static RankedTensorType wordsType(OpBuilder &b, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, b.getIntegerType(32, /*isSigned=*/true));
}

/// 1, 2, 4 ... as the bits of a word of 64: what a sign adds to its word, 0
/// for those past the first `count`.
static Value places(OpBuilder &b, Location loc, int64_t count) {
  SmallVector<int64_t> bits;
  for (int64_t i = 0; i < kSignsPerWord; ++i)
    bits.push_back(i < count ? int64_t(1) << i : 0);
  auto type = RankedTensorType::get(
      {kSignsPerWord}, b.getIntegerType(64, /*isSigned=*/true));
  return ConstantOp::create(b, loc, makeConstant(type, bits));
}

namespace {
/// Two words for 32 channels at a place, N x spatial x words: which signs are
/// positive, and which are not zero.
struct Planes {
  Value signs, mask;
};
} // namespace

/// The sum of two places for a sign that is not zero: in the low word where
/// it is positive, and in the high word.
static Value placeOfSign(PayloadScope &s, Value x, Value place,
                         int64_t atZero) {
  Value zero = scalarConstant(s.b, s.loc, x.getType(), 0.0);
  auto positive = atZero > 0 ? arith::CmpFPredicate::OGE
                             : arith::CmpFPredicate::OGT;
  auto negative = atZero < 0 ? arith::CmpFPredicate::OLE
                             : arith::CmpFPredicate::OLT;
  Value none = scalarConstant(s.b, s.loc, place.getType(), int64_t(0));
  Value up = scalarConstant(s.b, s.loc, place.getType(), kSignsPerWord);
  Value high = arith::ShLIOp::create(s.b, s.loc, place, up);
  Value both = arith::OrIOp::create(s.b, s.loc, high, place);
  Value isPositive = arith::CmpFOp::create(s.b, s.loc, positive, x, zero);
  Value isNegative = arith::CmpFOp::create(s.b, s.loc, negative, x, zero);
  Value rest = arith::SelectOp::create(s.b, s.loc, isNegative, high, none);
  return arith::SelectOp::create(s.b, s.loc, isPositive, both, rest);
}

static Planes packSigns(OpBuilder &b, BinaryConvOp op) {
  Location loc = op.getLoc();
  auto in = cast<RankedTensorType>(op.getInput().getType());
  int64_t channels = in.getDimSize(1);
  // Each group begins a word.
  int64_t groups = op.getGroups();
  int64_t words =
      groups * llvm::divideCeil(channels / groups, kSignsPerWord);
  int64_t step =
      groups > 1 ? std::min(channels / groups, kSignsPerWord) : kSignsPerWord;
  // The domain is [n, spatial..., word | channel of the word].
  SmallVector<int64_t> shape{in.getDimSize(0)};
  llvm::append_range(shape, in.getShape().drop_front(2));
  shape.push_back(words);
  SmallVector<int64_t> extents(shape);
  extents.push_back(kSignsPerWord);
  unsigned rank = shape.size();
  DispatchBuilder builder(b, loc, RootKind::Reduce, extents, rank,
                          combinerParam(b, ReduceKind::Sum));
  AffineExpr bit = builder.dim(rank);
  AffineExpr channel = builder.dim(rank - 1) * step + bit;
  SmallVector<AffineExpr> x{builder.dim(0), channel};
  for (unsigned i = 1; i + 1 < rank; ++i)
    x.push_back(builder.dim(i));
  // A NaN is neither positive nor negative.
  bool partial = (words - 1) * step + kSignsPerWord > channels;
  unsigned input = builder.load(op.getInput(), x, partial, partial ? NAN : 0.0);
  unsigned place = builder.load(places(b, loc, step), bit);
  std::optional<unsigned> scale, shift;
  if (op.getScale())
    scale = builder.load(op.getScale(), channel, partial, 0.0);
  if (op.getShift())
    shift = builder.load(op.getShift(), channel, partial, 0.0);
  auto all = dimRange(b.getContext(), 0, rank);
  builder.store(wordsType(b, shape), all);
  builder.store(wordsType(b, shape), all);
  DispatchOp pack = builder.build(
      [&](PayloadScope &s) -> SmallVector<Value> {
        Value value = s.loads[input];
        if (scale)
          value = arith::MulFOp::create(s.b, s.loc, value, s.loads[*scale]);
        if (shift)
          value = arith::AddFOp::create(s.b, s.loc, value, s.loads[*shift]);
        return {placeOfSign(s, value, s.loads[place], op.getAtZero())};
      },
      b.getI64Type(),
      [&](PayloadScope &s) -> SmallVector<Value> {
        Value up = scalarConstant(s.b, s.loc, s.b.getI64Type(), kSignsPerWord);
        Value high = arith::ShRUIOp::create(s.b, s.loc, s.root[0], up);
        Type word = s.b.getI32Type();
        return {arith::TruncIOp::create(s.b, s.loc, word, s.root[0]),
                arith::TruncIOp::create(s.b, s.loc, word, high)};
      });
  return {pack.getResult(0), pack.getResult(1)};
}

namespace {
/// The domain [n, (group), out..., (channel) | kernel..., word] of a
/// convolution of words, and where it reads them. There is no group where
/// there is only one.
struct WindowOfWords {
  SmallVector<int64_t> extents;
  unsigned parallel;
  SmallVector<AffineExpr> words, window, out;
  AffineExpr group;

  WindowOfWords(OpBuilder &b, BinaryConvOp op, bool hasChannels) {
    ArrayRef<int64_t> result =
        cast<RankedTensorType>(op.getType()).getShape();
    ArrayRef<int64_t> weight =
        cast<RankedTensorType>(op.getWeight().getType()).getShape();
    unsigned spatial = result.size() - 2;
    int64_t groups = op.getGroups();
    extents.push_back(result[0]);
    if (groups > 1)
      extents.push_back(groups);
    unsigned first = extents.size();
    llvm::append_range(extents, result.drop_front(2));
    if (hasChannels)
      extents.push_back(result[1] / groups);
    parallel = extents.size();
    llvm::append_range(extents, weight.drop_back());
    auto dims = dimRange(b.getContext(), 0, extents.size());
    group = groups > 1 ? dims[1] : b.getAffineConstantExpr(0);
    words.push_back(dims[0]);
    out.push_back(dims[0]);
    for (unsigned i = 0; i < spatial; ++i) {
      out.push_back(dims[first + i]);
      words.push_back(dims[first + i] * op.getStrides()[i] +
                      dims[parallel + i] * op.getDilations()[i] -
                      op.getPads()[i]);
    }
    words.push_back(group * extents.back() + dims.back());
    window = llvm::to_vector(ArrayRef(dims).drop_front(parallel));
  }
};
} // namespace

/// How many signs of each place are not zero, N x spatial x groups.
static Value countSigns(OpBuilder &b, Location loc, Value mask,
                        int64_t groups) {
  SmallVector<int64_t> shape(
      cast<RankedTensorType>(mask.getType()).getShape());
  int64_t words = shape.back() / groups;
  shape.back() = groups;
  shape.push_back(words);
  unsigned rank = shape.size() - 1;
  DispatchBuilder builder(b, loc, RootKind::Reduce, shape, rank,
                          combinerParam(b, ReduceKind::Sum));
  auto dims = dimRange(b.getContext(), 0, rank + 1);
  SmallVector<AffineExpr> read(ArrayRef(dims).drop_back());
  read.back() = read.back() * words + dims.back();
  builder.load(mask, read);
  builder.store(wordsType(b, ArrayRef(shape).drop_back()),
                ArrayRef(dims).drop_back());
  DispatchOp count = builder.build(
      [](PayloadScope &s) -> SmallVector<Value> {
        return {math::CtPopOp::create(s.b, s.loc, s.loads[0])};
      },
      b.getI32Type(), [](PayloadScope &s) { return s.root; });
  return count.getResult(0);
}

/// How many taps of each window are not zero, N x (groups) x out.
static Value countTaps(OpBuilder &b, BinaryConvOp op, Value mask) {
  Value signs = countSigns(b, op.getLoc(), mask, op.getGroups());
  WindowOfWords domain(b, op, /*hasChannels=*/false);
  domain.extents.pop_back();
  DispatchBuilder builder(b, op.getLoc(), RootKind::Reduce, domain.extents,
                          domain.parallel, combinerParam(b, ReduceKind::Sum));
  SmallVector<AffineExpr> place(domain.words);
  place.back() = domain.group;
  builder.load(signs, place, anyNonZero(op.getPads()), 0.0);
  builder.store(
      wordsType(b, ArrayRef(domain.extents).take_front(domain.parallel)),
      dimRange(b.getContext(), 0, domain.parallel));
  DispatchOp count = builder.build([](PayloadScope &s) { return s.loads; },
                                   b.getI32Type(),
                                   [](PayloadScope &s) { return s.root; });
  return count.getResult(0);
}

static FailureOr<SmallVector<Value>> lowerBinaryConv(OpBuilder &b,
                                                     Operation *source) {
  auto op = cast<BinaryConvOp>(source);
  Planes planes = packSigns(b, op);
  Value taps = countTaps(b, op, planes.mask);
  WindowOfWords domain(b, op, /*hasChannels=*/true);
  DispatchBuilder builder(b, op.getLoc(), RootKind::Reduce, domain.extents,
                          domain.parallel, combinerParam(b, ReduceKind::Sum));
  AffineExpr channel = domain.group * domain.extents[domain.parallel - 1] +
                       builder.dim(domain.parallel - 1);
  bool padded = anyNonZero(op.getPads());
  SmallVector<AffineExpr> weight(domain.window), result(domain.out);
  weight.push_back(channel);
  result.insert(result.begin() + 1, channel);
  builder.load(planes.signs, domain.words, padded, 0.0);
  builder.load(planes.mask, domain.words, padded, 0.0);
  builder.load(op.getWeight(), weight);
  builder.load(taps, dimRange(b.getContext(), 0, domain.parallel - 1));
  auto type = cast<RankedTensorType>(op.getType());
  builder.store(type, result);
  DispatchOp conv = builder.build(
      [](PayloadScope &s) -> SmallVector<Value> {
        Value differ =
            arith::XOrIOp::create(s.b, s.loc, s.loads[0], s.loads[2]);
        Value counted = arith::AndIOp::create(s.b, s.loc, differ, s.loads[1]);
        return {math::CtPopOp::create(s.b, s.loc, counted)};
      },
      b.getI32Type(),
      [&](PayloadScope &s) -> SmallVector<Value> {
        Value twice = arith::AddIOp::create(s.b, s.loc, s.root[0], s.root[0]);
        Value sum = arith::SubIOp::create(s.b, s.loc, s.loads[3], twice);
        return {arith::SIToFPOp::create(
            s.b, s.loc, computeType(type.getElementType()), sum)};
      });
  return SmallVector<Value>{conv.getResult(0)};
}

LowerFn visir::findBinaryConvLowering(Operation *op) {
  return isa<BinaryConvOp>(op) ? lowerBinaryConv : LowerFn();
}
