// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// x times a smooth step of x is max(x, 0) less a tail, the same for x and -x,
// that soon vanishes. The tail is a polynomial for each of some segments, whose
// coefficients are looked up in registers: half as much work as a function of
// math and a division, and half as long a chain of it. A table of 32 holds the
// tail itself; one of 8 holds the tail over |x|, so that small values keep all
// their bits in a long segment, too.
#include "targets/common/math/Activations.h"

#include "targets/common/math/Coefficients.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
using namespace visir;

static constexpr unsigned kDegree = 4, kLanes = 16, kFewLanes = 8;
/// Segments of an octave, as bits of the significand.
static constexpr unsigned kSegmentBits = 3;
/// Segments per unit of length where all are equally long, as a power of two.
static constexpr unsigned kEvenBits = 2;

namespace {

/// Segments of u >= 0: by the leading bits of offset + u, a power of two; or,
/// where that is 0, around the multiples of 2^-kEvenBits, in fewer operations.
struct Tail {
  ArrayRef<double[kDegree + 1]> segments;
  float offset;
};

/// Where a value falls: the number of its segment modulo 32 in the low bits of
/// `index`, and the polynomial's argument.
struct Place {
  Value index, argument;
};

} // namespace

static const Tail kSilu{kSiluTailF32, 2}, kGelu{kGeluTailF32, 0};

/// The negated coefficients of one power, where each segment's index finds
/// them.
static SmallVector<float> tableOf(const Tail &tail, unsigned power) {
  SmallVector<float> table(2 * kLanes, 0);
  // Octaves have biased exponents from 127 + log2(offset) on.
  unsigned first = tail.offset == 0 ? 0
                                    : unsigned(127 + std::log2(tail.offset))
                                          << kSegmentBits;
  for (auto [i, segment] : llvm::enumerate(tail.segments))
    table[(first + i) % table.size()] = -float(segment[power]);
  return table;
}

static Value callIntrinsic(const FloatBuilder &f, StringRef name,
                           ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(f.b, f.loc, f.type,
                                       f.b.getStringAttr(name), operands)
      .getResult(0);
}

/// Lane i of the table's entry index[i] modulo 32.
static Value lookUp(const FloatBuilder &f, ArrayRef<float> table, Value index) {
  auto half = [&](unsigned from) -> Value {
    return f.make<arith::ConstantOp>(DenseElementsAttr::get(
        cast<VectorType>(f.type), table.slice(from, kLanes)));
  };
  return callIntrinsic(f, "llvm.x86.avx512.vpermi2var.ps.512",
                       {half(0), index, half(kLanes)});
}

/// min(|x|, top), and top where x is not a number, by one instruction.
static Value limitMagnitude(const FloatBuilder &f, Value x, double top) {
  auto number = [&](unsigned bits, int64_t value) -> Value {
    return LLVM::ConstantOp::create(
        f.b, f.loc, f.b.getIntegerAttr(f.b.getIntegerType(bits), value));
  };
  // The lesser magnitude without its sign; all lanes; the current rounding.
  return callIntrinsic(f, "llvm.x86.avx512.mask.range.ps.512",
                       {x, f.c(top), number(32, 0b1010), f.c(0),
                        number(16, -1), number(32, 4)});
}

static Place placeInOctaves(const FloatBuilder &f, Value u, float offset) {
  int64_t low = f.mantissa() - kSegmentBits;
  Value place = f.bits(f.add(u, f.c(offset)));
  Value start = f.fromBits(f.iand(place, f.ints(-(int64_t(1) << low))));
  // Exact, so that small values keep all their bits.
  return {f.make<arith::ShRUIOp>(place, f.ints(low)),
          f.sub(u, f.sub(start, f.c(offset)))};
}

static Place placeEvenly(const FloatBuilder &f, Value u) {
  // The unit in the last place of the sum is a segment's length.
  Value large = f.c(std::ldexp(1.5, f.mantissa() - int(kEvenBits)));
  Value sum = f.add(u, large);
  return {f.bits(sum), f.sub(u, f.sub(sum, large))};
}

/// max(x, 0) - tail(|x|) on 16 lanes; |x| < 2^127.
static Value emitTailed(const FloatBuilder &f, Value x, const Tail &tail) {
  double last = double(tail.segments.size() - 1);
  double octaves = double(tail.segments.size() >> kSegmentBits);
  // The last segment begins before the end and holds zeros.
  double end = tail.offset == 0
                   ? std::ldexp(last, -int(kEvenBits))
                   : tail.offset * (std::exp2(octaves) - 1) * (1 - 0x1p-20);
  Value u = limitMagnitude(f, x, end);
  Place place =
      tail.offset == 0 ? placeEvenly(f, u) : placeInOctaves(f, u, tail.offset);
  Value sum = lookUp(f, tableOf(tail, kDegree), place.index);
  for (unsigned power = kDegree; power-- > 0;)
    sum = f.fma(sum, place.argument,
                lookUp(f, tableOf(tail, power), place.index));
  // x + |x| is twice max(x, 0), and not a number at minus infinity, where the
  // definitions are none either.
  return f.fma(f.add(x, f.abs(x)), f.c(0.5), sum);
}

/// The same by 8 segments of equal length, on 8 lanes. The first is centred at
/// 0, so that the last ends at 7.5 lengths.
template <size_t Count>
static Value emitStepped(const FloatBuilder &f, Value x,
                         const double (&segments)[kFewLanes][Count],
                         double length) {
  Value whole = f.abs(x), magic = f.c(std::ldexp(1.5, f.mantissa()));
  // The segment's number is in the lowest bits, all that a look-up reads.
  Value place = f.fma(whole, f.c(1 / length), magic);
  Value t = f.fma(f.sub(place, magic), f.c(-length), whole);
  auto lookUpPower = [&](unsigned power) -> Value {
    SmallVector<float> table;
    for (const auto &segment : segments)
      table.push_back(-float(segment[power]));
    Value entries = f.make<arith::ConstantOp>(
        DenseElementsAttr::get(cast<VectorType>(f.type), ArrayRef(table)));
    return callIntrinsic(f, "llvm.x86.avx2.permps",
                         {entries, f.bits(place)});
  };
  Value sum = lookUpPower(Count - 1);
  for (unsigned power = Count - 1; power-- > 0;)
    sum = f.fma(sum, t, lookUpPower(power));
  Value inside = f.less(whole, f.c(7.5 * length));
  Value tail = f.select(inside, f.mul(whole, sum), f.c(0));
  return f.fma(f.add(x, whole), f.c(0.5), tail);
}

static Value emitSilu(const FloatBuilder &f, Value x) {
  return f.traits.tables == 32 ? emitTailed(f, x, kSilu)
                               : emitStepped(f, x, kSiluStepF32, 2.5);
}

static Value emitGelu(const FloatBuilder &f, Value x) {
  return f.traits.tables == 32 ? emitTailed(f, x, kGelu)
                               : emitStepped(f, x, kGeluStepF32, 0.75);
}

/// Lanes of a look-up.
static int64_t tableLanes(const MathTraits &traits) {
  return traits.tables == 32 ? kLanes : traits.tables;
}

/// An activation of as many lanes as a look-up has, on up to so many.
static Value emitWidened(const FloatBuilder &f, Value x,
                         Value (*emit)(const FloatBuilder &, Value)) {
  int64_t count = cast<VectorType>(f.type).getNumElements();
  int64_t wanted = tableLanes(f.traits);
  if (count == wanted)
    return emit(f, x);
  SmallVector<int64_t> lanes(wanted, vector::ShuffleOp::kPoisonIndex), back;
  for (int64_t i = 0; i < count; ++i) {
    lanes[i] = i;
    back.push_back(i);
  }
  FloatBuilder wide(f.b, f.loc, VectorType::get({wanted}, f.b.getF32Type()),
                    f.traits);
  Value all = f.make<vector::ShuffleOp>(x, x, lanes);
  Value result = emit(wide, all);
  return f.make<vector::ShuffleOp>(result, result, back);
}

namespace {

/// The operand of a binary op that is not the constant `value`, or null.
template <typename Op> Value besides(Value of, double value) {
  auto op = of.getDefiningOp<Op>();
  if (!op)
    return {};
  for (unsigned i : {0, 1})
    if (std::optional<double> c = splatConstant(op->getOperand(i));
        c && std::abs(*c - value) <= 1e-7)
      return op->getOperand(1 - i);
  return {};
}

} // namespace

/// x of 1 / (1 + e^-x), or null.
static Value sigmoidOf(Value value) {
  auto ratio = value.getDefiningOp<arith::DivFOp>();
  if (!ratio || splatConstant(ratio.getLhs()) != 1.0)
    return {};
  Value power = besides<arith::AddFOp>(ratio.getRhs(), 1);
  auto exponential = power ? power.getDefiningOp<math::ExpOp>() : nullptr;
  auto negated = exponential
                     ? exponential.getOperand().getDefiningOp<arith::NegFOp>()
                     : nullptr;
  return negated ? negated.getOperand() : Value();
}

/// x of 1 + erf(x / sqrt(2)), or null.
static Value normalStepOf(Value value) {
  Value sum = besides<arith::AddFOp>(value, 1);
  auto erf = sum ? sum.getDefiningOp<math::ErfOp>() : nullptr;
  return erf ? besides<arith::MulFOp>(erf.getOperand(), M_SQRT1_2) : Value();
}

Value visir::expandActivation(arith::MulFOp op, const FloatBuilder &f) {
  auto type = dyn_cast<VectorType>(op.getType());
  if (!f.traits.tables || !type || type.getRank() != 1 ||
      !type.getElementType().isF32() || type.getNumElements() < 4 ||
      type.getNumElements() > tableLanes(f.traits))
    return {};
  for (unsigned i : {0, 1}) {
    Value x = op->getOperand(i), step = op->getOperand(1 - i);
    if (sigmoidOf(step) == x)
      return emitWidened(f, x, emitSilu);
    Value whole = besides<arith::MulFOp>(x, 0.5);
    if (whole && normalStepOf(step) == whole)
      return emitWidened(f, whole, emitGelu);
  }
  return {};
}
