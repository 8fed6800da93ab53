// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// f16 and bf16 by integer arithmetic, and remainders. LLVM would call libgcc
// and libm for them.
#include "targets/common/math/FloatBuilder.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
using namespace visir;

static FloatBuilder single(const FloatBuilder &f) {
  return FloatBuilder(f.b, f.loc, f.withElement(f.b.getF32Type()), f.traits);
}

/// f16 bits in the low half of 32-bit integers to f32.
static Value extendHalf(const FloatBuilder &f, Value half) {
  // Exponent and fraction move into place; multiplying by 2^112 corrects the
  // bias and is right for denormals too.
  Value sign = f.shiftLeft(f.iand(half, f.ints(0x8000)), 16);
  Value body = f.shiftLeft(f.iand(half, f.ints(0x7fff)), 13);
  Value value = f.mul(f.fromBits(body), f.c(std::ldexp(1.0, 112)));
  Value special = f.make<arith::CmpIOp>(arith::CmpIPredicate::uge, body,
                                        f.ints(0x7c00 << 13));
  Value infinite = f.make<arith::OrIOp>(body, f.ints(0x7f800000));
  Value bits = f.select(special, infinite, f.bits(value));
  return f.fromBits(f.make<arith::OrIOp>(bits, sign));
}

/// f32 to f16 bits in the low half, to the nearest even.
static Value truncateHalf(const FloatBuilder &f, Value x) {
  Value bits = f.bits(x);
  Value sign = f.iand(f.make<arith::ShRUIOp>(bits, f.ints(16)),
                      f.ints(0x8000));
  Value body = f.iand(bits, f.ints(0x7fffffff));
  // Normal results: rebias, round by adding half a unit less one plus the
  // lowest kept bit.
  Value kept = f.iand(f.make<arith::ShRUIOp>(body, f.ints(13)), f.ints(1));
  Value rounded = f.iadd(f.iadd(body, f.ints(0xfff - (112 << 23))), kept);
  Value normal = f.make<arith::ShRUIOp>(rounded, f.ints(13));
  // Denormal results: adding 0.5 aligns the fraction to their unit.
  Value aligned = f.add(f.fromBits(body), f.c(0.5));
  Value denormal = f.isub(f.bits(aligned), f.bits(f.c(0.5)));
  auto below = [&](int64_t limit) {
    return f.make<arith::CmpIOp>(arith::CmpIPredicate::ult, body,
                                 f.ints(limit));
  };
  Value result = f.select(below(113 << 23), denormal, normal);
  // From 65520 on everything is infinite; NaN stays NaN.
  result = f.select(below(0x477ff000), result, f.ints(0x7c00));
  Value isNumber = f.make<arith::CmpIOp>(arith::CmpIPredicate::ule, body,
                                         f.ints(0x7f800000));
  result = f.select(isNumber, result, f.ints(0x7e00));
  return f.make<arith::OrIOp>(result, sign);
}

static Value truncateBrain(const FloatBuilder &f, Value x) {
  Value bits = f.bits(x);
  Value kept = f.iand(f.make<arith::ShRUIOp>(bits, f.ints(16)), f.ints(1));
  Value rounded = f.make<arith::ShRUIOp>(
      f.iadd(f.iadd(bits, f.ints(0x7fff)), kept), f.ints(16));
  Value isNaN = f.make<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, x);
  return f.select(isNaN, f.ints(0x7fc0), rounded);
}

/// f64 to f32 such that a second rounding to fewer bits is right: towards
/// zero, with the lowest bit set when anything was lost.
static Value truncateToOdd(const FloatBuilder &wide, Value x) {
  FloatBuilder f = single(wide);
  Value nearest = f.make<arith::TruncFOp>(f.type, x);
  Value back = f.make<arith::ExtFOp>(wide.type, nearest);
  Value bits = f.bits(nearest);
  Value over = f.make<arith::CmpFOp>(arith::CmpFPredicate::OGT,
                                     wide.abs(back), wide.abs(x));
  bits = f.select(over, f.isub(bits, f.ints(1)), bits);
  Value lost = f.make<arith::CmpFOp>(arith::CmpFPredicate::ONE, back, x);
  Value odd = f.make<arith::OrIOp>(bits, f.ints(1));
  return f.fromBits(f.select(lost, odd, bits));
}

Value visir::emitExtend(const FloatBuilder &wide, Value x) {
  Type from = getElementTypeOrSelf(x.getType());
  FloatBuilder f = single(wide);
  if (from.isF16() && f.traits.half)
    return Value();
  Value bits = f.make<arith::ExtUIOp>(
      f.bitsType(),
      f.make<arith::BitcastOp>(f.withElement(f.b.getI16Type()), x));
  Value value = from.isBF16() ? f.fromBits(f.shiftLeft(bits, 16))
                              : extendHalf(f, bits);
  return wide.isDouble() ? wide.make<arith::ExtFOp>(wide.type, value) : value;
}

Value visir::emitTruncate(const FloatBuilder &wide, Value x, Type to) {
  Type element = getElementTypeOrSelf(to);
  FloatBuilder f = single(wide);
  if (wide.isDouble())
    x = truncateToOdd(wide, x);
  if (element.isF16() && f.traits.half)
    return wide.isDouble() ? wide.make<arith::TruncFOp>(to, x) : Value();
  Value bits = element.isBF16() ? truncateBrain(f, x) : truncateHalf(f, x);
  Value low =
      f.make<arith::TruncIOp>(f.withElement(f.b.getI16Type()), bits);
  return f.make<arith::BitcastOp>(to, low);
}

/// Whether any lane of a condition is true.
static Value anyLane(const FloatBuilder &f, Value condition) {
  if (!isa<VectorType>(condition.getType()))
    return condition;
  return f.make<vector::ReductionOp>(vector::CombiningKind::OR, condition);
}

/// Subtracts multiples of |y| from |x| until nothing is left to subtract.
/// Each multiple has few enough bits that the difference is exact.
/// `dropped` are the bits of the multiple's significand that must be zero for
/// that.
static Value remainderDouble(const FloatBuilder &f, Value x, Value y,
                             int64_t dropped) {
  Value divisor = f.abs(y);
  auto more = [&](Value rest) {
    return f.make<arith::CmpFOp>(arith::CmpFPredicate::OGE, rest, divisor);
  };
  // 0 * infinity below would not end; such lanes are NaN or x anyway.
  Value infinity = f.c(INFINITY), zero = f.c(0);
  Value usual = f.make<arith::AndIOp>(
      f.make<arith::AndIOp>(f.less(f.abs(x), infinity),
                            f.less(divisor, infinity)),
      f.less(zero, divisor));
  Value start = f.select(usual, f.abs(x), f.c(NAN));
  auto loop = scf::WhileOp::create(
      f.b, f.loc, TypeRange{f.type}, ValueRange{start},
      [&](OpBuilder &, Location, ValueRange state) {
        scf::ConditionOp::create(f.b, f.loc, anyLane(f, more(state[0])),
                                 state);
      },
      [&](OpBuilder &, Location, ValueRange state) {
        // A little less than the quotient, so that rounding never takes too
        // much.
        Value quotient = f.mul(f.div(state[0], divisor),
                               f.c(1 - std::ldexp(1.0, -50)));
        Value bits = f.iand(f.bits(quotient), f.ints(~dropped));
        Value multiple = f.make<math::TruncOp>(f.fromBits(bits));
        multiple = f.select(f.less(multiple, f.c(1)), f.c(1), multiple);
        Value next = f.fma(f.neg(multiple), divisor, state[0]);
        scf::YieldOp::create(f.b, f.loc,
                             f.select(more(state[0]), next, state[0]));
      });
  Value rest = loop.getResult(0);
  // A finite x over an infinite y is x; 0 divisors and infinite x give NaN.
  Value keep = f.make<arith::AndIOp>(f.equal(divisor, infinity),
                                     f.less(f.abs(x), infinity));
  return f.copySign(f.select(keep, x, rest), x);
}

Value visir::emitRemainder(const FloatBuilder &f, Value x, Value y) {
  if (f.isDouble())
    // A fused product may have 79 bits; without one, only powers of two give
    // exact products.
    return remainderDouble(f, x, y,
                           (int64_t(1) << (f.traits.fma ? 27 : 52)) - 1);
  FloatBuilder wide(f.b, f.loc, f.withElement(f.b.getF64Type()), f.traits);
  Value rest = remainderDouble(wide, f.make<arith::ExtFOp>(wide.type, x),
                               f.make<arith::ExtFOp>(wide.type, y),
                               (int64_t(1) << 29) - 1);
  return f.make<arith::TruncFOp>(f.type, rest);
}
