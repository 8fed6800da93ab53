// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/math/Coefficients.h"
#include "targets/common/math/FloatBuilder.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace visir;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
/// log 2 in two parts; products of the first with |n| < 2048 are exact.
static constexpr double kLn2HighF32 = 0x1.62e4p-1;
static constexpr double kLn2LowF32 = M_LN2 - kLn2HighF32;
static constexpr double kLn2HighF64 = 0x1.62e42feep-1;
static constexpr double kLn2LowF64 = 0x1.a39ef35793c76p-33;

Value FloatBuilder::ints(int64_t value) const {
  Type intType = bitsType();
  TypedAttr attr = b.getIntegerAttr(getElementTypeOrSelf(intType), value);
  if (auto vector = dyn_cast<VectorType>(intType))
    attr = DenseElementsAttr::get(vector, Attribute(attr));
  return make<arith::ConstantOp>(attr);
}

Value FloatBuilder::clamp(Value x, double low, double high) const {
  Value bottom = c(low), top = c(high);
  x = select(less(x, bottom), bottom, x);
  return select(less(top, x), top, x);
}

Value FloatBuilder::polynomial(Value x, ArrayRef<double> coefficients) const {
  Value sum = c(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, c(coefficient));
  return sum;
}

std::pair<Value, Value> FloatBuilder::round(Value x) const {
  return roundProduct(x, Value());
}

std::pair<Value, Value> FloatBuilder::roundProduct(Value x, Value y) const {
  // Adding 1.5 * 2^mantissa leaves the integer in the low bits.
  Value magic = c(std::ldexp(1.5, mantissa()));
  Value shifted = y ? fma(x, y, magic) : add(x, magic);
  return {sub(shifted, magic), isub(bits(shifted), bits(magic))};
}

Value FloatBuilder::scale(Value x, Value n) const {
  if (traits.ldexp && !isDouble())
    return LLVM::CallIntrinsicOp::create(b, loc, type,
                                         b.getStringAttr("llvm.ldexp"),
                                         ValueRange{x, n})
        .getResult(0);
  // Two steps reach denormals and never overflow on the way.
  Value half = make<arith::ShRSIOp>(n, ints(1));
  auto power = [&](Value exponent) {
    return fromBits(shiftLeft(iadd(exponent, ints(bias())), mantissa()));
  };
  return mul(mul(x, power(half)), power(isub(n, half)));
}

namespace {

/// x = n log 2 + r with |r| <= (log 2) / 2.
struct Reduced {
  Value r, whole, n;
};

} // namespace

static Reduced reduce(const FloatBuilder &f, Value x) {
  bool wide = f.isDouble();
  auto [whole, n] = f.roundProduct(x, f.c(1 / M_LN2));
  Value r = f.fma(whole, f.c(wide ? -kLn2HighF64 : -kLn2HighF32), x);
  r = f.fma(whole, f.c(wide ? -kLn2LowF64 : -kLn2LowF32), r);
  return {r, whole, n};
}

/// e^r - 1 for a reduced r.
static Value expM1Reduced(const FloatBuilder &f, Value r) {
  Value rest = f.isDouble() ? f.polynomial(r, kExpF64)
                            : f.polynomial(r, kExpF32);
  return f.fma(f.mul(r, r), rest, r);
}

Value visir::emitExp(const FloatBuilder &f, Value x) {
  x = f.isDouble() ? f.clamp(x, -746, 710) : f.clamp(x, -104, 89);
  Reduced reduced = reduce(f, x);
  return f.scale(f.add(expM1Reduced(f, reduced.r), f.c(1)), reduced.n);
}

Value visir::emitExp2(const FloatBuilder &f, Value x) {
  x = f.isDouble() ? f.clamp(x, -1080, 1025) : f.clamp(x, -152, 129);
  auto [whole, n] = f.round(x);
  Value r = f.mul(f.sub(x, whole), f.c(M_LN2));
  return f.scale(f.add(expM1Reduced(f, r), f.c(1)), n);
}

Value visir::emitExpM1(const FloatBuilder &f, Value x) {
  // 2^n (e^r - 1) + (2^n - 1): nothing cancels while n is 0.
  double top = f.isDouble() ? 709 : 88;
  Value bounded = f.clamp(x, f.isDouble() ? -40 : -20, top);
  Reduced reduced = reduce(f, bounded);
  Value power = f.scale(f.c(1), reduced.n);
  Value result = f.fma(power, expM1Reduced(f, reduced.r),
                       f.sub(power, f.c(1)));
  // Above, the power of two alone would overflow too early.
  Value large = f.less(f.c(top), x);
  Value small = f.equal(x, f.c(0));
  return f.select(large, emitExp(f, x), f.select(small, x, result));
}

/// x = m 2^k with sqrt(1/2) <= m < sqrt(2): gives m - 1 and k as a float.
static std::pair<Value, Value> splitExponent(const FloatBuilder &f, Value x) {
  // A denormal is made normal first.
  Value tiny = f.less(x, f.c(std::ldexp(1.0, 1 - f.bias())));
  double lift = std::ldexp(1.0, f.mantissa());
  x = f.select(tiny, f.mul(x, f.c(lift)), x);
  Value root = f.bits(f.c(M_SQRT1_2));
  Value shifted = f.isub(f.bits(x), root);
  Value k = f.make<arith::ShRSIOp>(shifted, f.ints(f.mantissa()));
  Value m = f.fromBits(
      f.iadd(f.iand(shifted, f.ints((int64_t(1) << f.mantissa()) - 1)), root));
  Value exponent = f.make<arith::SIToFPOp>(f.type, k);
  exponent = f.select(tiny, f.sub(exponent, f.c(f.mantissa())), exponent);
  return {f.sub(m, f.c(1)), exponent};
}

Value visir::emitLog(const FloatBuilder &f, Value x) {
  auto [m, k] = splitExponent(f, x);
  Value square = f.mul(f.mul(m, m), f.c(0.5)), result;
  if (f.isDouble()) {
    // With s = m / (2 + m): log(1 + m) = m - m^2/2 + s (m^2/2 + R(s^2)).
    Value s = f.div(m, f.add(f.c(2), m)), z = f.mul(s, s);
    Value rest = f.mul(z, f.polynomial(z, kAtanhF64));
    Value low = f.fma(s, f.add(square, rest), f.mul(k, f.c(kLn2LowF64)));
    result = f.fma(k, f.c(kLn2HighF64), f.sub(m, f.sub(square, low)));
  } else {
    Value cube = f.mul(f.mul(m, m), m);
    Value low = f.fma(k, f.c(kLn2LowF32),
                      f.mul(cube, f.polynomial(m, kLogF32)));
    result = f.fma(k, f.c(kLn2HighF32), f.add(m, f.sub(low, square)));
  }
  // The bits of 0, infinity, NaN and negative numbers say nothing.
  Value finite = f.less(x, f.c(kInfinity));
  result = f.select(finite, result, x);
  result = f.select(f.less(x, f.c(0)), f.c(kNaN), result);
  return f.select(f.equal(x, f.c(0)), f.c(-kInfinity), result);
}

Value visir::emitLog1p(const FloatBuilder &f, Value x) {
  // What 1 + x loses is regained from the ratio x / ((1 + x) - 1).
  Value u = f.add(f.c(1), x), back = f.sub(u, f.c(1));
  Value usual = f.mul(emitLog(f, u), f.div(x, back));
  Value tiny = f.equal(back, f.c(0));
  Value infinite = f.equal(u, f.c(kInfinity));
  return f.select(tiny, x, f.select(infinite, u, usual));
}

/// x^y of f64 values; f32 values come here too, for log and product need the
/// extra bits.
static Value powDouble(const FloatBuilder &f, Value x, Value y) {
  Value zero = f.c(0), one = f.c(1), magnitude = f.abs(x);
  Value result = emitExp(f, f.mul(y, emitLog(f, magnitude)));
  // 0^y and infinity^y follow from log; a negative x has a real power for
  // integers y only, negative for odd ones.
  Value whole = f.make<math::TruncOp>(y);
  Value halfWhole = f.make<math::TruncOp>(f.mul(y, f.c(0.5)));
  Value isWhole = f.equal(whole, y);
  Value odd = f.make<arith::AndIOp>(
      isWhole, f.make<arith::CmpFOp>(arith::CmpFPredicate::UNE,
                                     f.add(halfWhole, halfWhole), y));
  result = f.select(odd, f.copySign(result, x), result);
  Value undefined = f.make<arith::AndIOp>(
      f.make<arith::AndIOp>(f.less(x, zero), f.less(f.c(-kInfinity), x)),
      f.make<arith::CmpFOp>(arith::CmpFPredicate::UNE, whole, y));
  result = f.select(undefined, f.c(kNaN), result);
  // |x| = 1 with an infinite exponent, x = 1 with NaN, y = 0 with anything.
  Value infiniteY = f.equal(f.abs(y), f.c(kInfinity));
  Value unit = f.make<arith::AndIOp>(f.equal(magnitude, one), infiniteY);
  unit = f.make<arith::OrIOp>(unit, f.equal(x, one));
  unit = f.make<arith::OrIOp>(unit, f.equal(y, zero));
  return f.select(unit, one, result);
}

Value visir::emitPow(const FloatBuilder &f, Value x, Value y) {
  if (f.isDouble())
    return powDouble(f, x, y);
  FloatBuilder wide(f.b, f.loc, f.withElement(f.b.getF64Type()), f.traits);
  Value result = powDouble(wide, f.make<arith::ExtFOp>(wide.type, x),
                           f.make<arith::ExtFOp>(wide.type, y));
  return f.make<arith::TruncFOp>(f.type, result);
}

Value visir::emitTanh(const FloatBuilder &f, Value x) {
  // With t = e^(-2|x|) - 1: tanh |x| = -t / (2 + t).
  Value t = emitExpM1(f, f.mul(f.abs(x), f.c(-2)));
  return f.copySign(f.div(t, f.add(t, f.c(2))), x);
}

Value visir::emitSinh(const FloatBuilder &f, Value x) {
  Value magnitude = f.abs(x), t = emitExpM1(f, magnitude);
  Value usual = f.mul(f.c(0.5),
                      f.add(t, f.div(t, f.add(t, f.c(1)))));
  Value half = emitExp(f, f.mul(magnitude, f.c(0.5)));
  Value large = f.less(f.c(f.isDouble() ? 700 : 80), magnitude);
  usual = f.select(large, f.mul(f.mul(half, f.c(0.5)), half), usual);
  return f.copySign(usual, x);
}

Value visir::emitCosh(const FloatBuilder &f, Value x) {
  Value magnitude = f.abs(x), e = emitExp(f, magnitude);
  Value usual = f.mul(f.c(0.5), f.add(e, f.div(f.c(1), e)));
  Value half = emitExp(f, f.mul(magnitude, f.c(0.5)));
  Value large = f.less(f.c(f.isDouble() ? 700 : 80), magnitude);
  return f.select(large, f.mul(f.mul(half, f.c(0.5)), half), usual);
}

Value visir::emitAsinh(const FloatBuilder &f, Value x) {
  // log(1 + (|x| + x^2 / (1 + sqrt(x^2 + 1)))); log 2|x| where x^2 overflows.
  Value magnitude = f.abs(x), square = f.mul(x, x);
  Value root = f.sqrt(f.add(square, f.c(1)));
  Value usual = emitLog1p(
      f, f.add(magnitude, f.div(square, f.add(f.c(1), root))));
  Value large = f.less(f.c(f.isDouble() ? 1e150 : 1e18), magnitude);
  usual = f.select(large, f.add(emitLog(f, magnitude), f.c(M_LN2)), usual);
  return f.copySign(usual, x);
}

Value visir::emitAcosh(const FloatBuilder &f, Value x) {
  Value t = f.sub(x, f.c(1));
  Value root = f.sqrt(f.mul(t, f.add(t, f.c(2))));
  Value usual = emitLog1p(f, f.add(t, root));
  Value large = f.less(f.c(f.isDouble() ? 1e150 : 1e18), x);
  return f.select(large, f.add(emitLog(f, x), f.c(M_LN2)), usual);
}

Value visir::emitAtanh(const FloatBuilder &f, Value x) {
  Value magnitude = f.abs(x);
  Value ratio = f.div(f.add(magnitude, magnitude),
                      f.sub(f.c(1), magnitude));
  return f.copySign(f.mul(f.c(0.5), emitLog1p(f, ratio)), x);
}

Value visir::emitErf(const FloatBuilder &f, Value x) {
  if (!f.isDouble()) {
    // A ratio of polynomials in x^2 / 15.5; beyond 3.92, erf is 1 in f32.
    Value z = f.mul(f.mul(x, x), f.c(1 / 15.5));
    Value top = f.mul(x, f.polynomial(z, kErfTopF32));
    Value ratio = f.div(top, f.polynomial(z, kErfBottomF32));
    Value beyond = f.less(f.c(3.92), f.abs(x));
    return f.select(beyond, f.copySign(f.c(1), x), ratio);
  }
  Value magnitude = f.clamp(f.abs(x), 0, 6), square = f.mul(x, x);
  Value small = f.fma(x, f.polynomial(square, kErfF64), x);
  Value t = f.div(f.sub(magnitude, f.c(2.5)), f.add(magnitude, f.c(2.5)));
  Value tail = f.mul(emitExp(f, f.neg(f.mul(magnitude, magnitude))),
                     f.polynomial(t, kErfcScaledF64));
  Value large = f.copySign(f.sub(f.c(1), tail), x);
  return f.select(f.less(f.abs(x), f.c(1)), small, large);
}
