// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/math/Coefficients.h"
#include "targets/common/math/FloatBuilder.h"

#include <cmath>

using namespace mlir;
using namespace visir;

/// pi / 2 in three parts; products of the first two with |n| < 2^20 are
/// exact.
static constexpr double kHalfPi1 = 0x1.921fb544p+0;
static constexpr double kHalfPi2 = 0x1.0b4611a6p-34;
static constexpr double kHalfPi3 = 0x1.3198a2e037073p-69;

namespace {

/// sin and cos of r = x - n pi/2, |r| <= pi/4, and n.
struct Quadrant {
  Value sin, cos, n;
};

} // namespace

/// f32 arguments are reduced in f64: right for |x| < 2^20 * pi/2, and within
/// -1 .. 1 beyond.
static Quadrant reduce(const FloatBuilder &f, Value x) {
  FloatBuilder wide(f.b, f.loc, f.withElement(f.b.getF64Type()), f.traits);
  if (!f.isDouble())
    x = f.make<arith::ExtFOp>(wide.type, x);
  auto [whole, n] = wide.round(wide.mul(x, wide.c(M_2_PI)));
  Value r = wide.fma(whole, wide.c(-kHalfPi1), x);
  r = wide.fma(whole, wide.c(-kHalfPi2), r);
  r = wide.fma(whole, wide.c(-kHalfPi3), r);
  Quadrant result;
  result.n = n;
  if (!f.isDouble()) {
    r = f.make<arith::TruncFOp>(f.type, r);
    result.n = f.make<arith::TruncIOp>(f.bitsType(), n);
  }
  Value z = f.mul(r, r);
  Value sinRest = f.isDouble() ? f.polynomial(z, kSinF64)
                               : f.polynomial(z, kSinF32);
  Value cosRest = f.isDouble() ? f.polynomial(z, kCosF64)
                               : f.polynomial(z, kCosF32);
  result.sin = f.fma(f.mul(r, z), sinRest, r);
  result.cos = f.fma(f.mul(z, z), cosRest,
                     f.fma(z, f.c(-0.5), f.c(1)));
  return result;
}

/// Bit `bit` of n, as a condition.
static Value testBit(const FloatBuilder &f, Value n, int bit) {
  Value masked = f.iand(n, f.ints(int64_t(1) << bit));
  return f.make<arith::CmpIOp>(arith::CmpIPredicate::ne, masked, f.ints(0));
}

/// sin of quadrant n + shift.
static Value sinOf(const FloatBuilder &f, const Quadrant &q, int shift) {
  Value n = shift ? f.iadd(q.n, f.ints(shift)) : q.n;
  Value value = f.select(testBit(f, n, 0), q.cos, q.sin);
  return f.select(testBit(f, n, 1), f.neg(value), value);
}

Value visir::emitSin(const FloatBuilder &f, Value x) {
  return sinOf(f, reduce(f, x), 0);
}

Value visir::emitCos(const FloatBuilder &f, Value x) {
  return sinOf(f, reduce(f, x), 1);
}

Value visir::emitTan(const FloatBuilder &f, Value x) {
  Quadrant q = reduce(f, x);
  Value odd = testBit(f, q.n, 0);
  Value top = f.select(odd, f.neg(q.cos), q.sin);
  return f.div(top, f.select(odd, q.sin, q.cos));
}

/// For |x| > 1/2: s = sqrt((1 - |x|) / 2) and asin s; else |x| and asin |x|.
static std::pair<Value, Value> asinCore(const FloatBuilder &f, Value x) {
  Value magnitude = f.abs(x);
  Value large = f.less(f.c(0.5), magnitude);
  Value half = f.mul(f.sub(f.c(1), magnitude), f.c(0.5));
  Value z = f.select(large, half, f.mul(x, x));
  Value s = f.select(large, f.sqrt(half), magnitude);
  Value rest = f.isDouble() ? f.polynomial(z, kAsinF64)
                            : f.polynomial(z, kAsinF32);
  return {large, f.fma(f.mul(s, z), rest, s)};
}

Value visir::emitAsin(const FloatBuilder &f, Value x) {
  auto [large, core] = asinCore(f, x);
  Value complement = f.sub(f.c(M_PI_2), f.add(core, core));
  return f.copySign(f.select(large, complement, core), x);
}

Value visir::emitAcos(const FloatBuilder &f, Value x) {
  auto [large, core] = asinCore(f, x);
  Value negative = f.less(x, f.c(0)), twice = f.add(core, core);
  Value outer = f.select(negative, f.sub(f.c(M_PI), twice), twice);
  Value inner = f.sub(f.c(M_PI_2), f.copySign(core, x));
  return f.select(large, outer, inner);
}

Value visir::emitAtan(const FloatBuilder &f, Value x) {
  Value magnitude = f.abs(x), one = f.c(1);
  Value inverted = f.less(one, magnitude);
  Value t = f.select(inverted, f.div(one, magnitude), magnitude);
  Value result;
  if (f.isDouble()) {
    // atan t = pi/4 + atan((t - 1) / (t + 1)).
    Value shifted = f.less(f.c(std::tan(M_PI_4 / 2)), t);
    Value u = f.select(shifted, f.div(f.sub(t, one), f.add(t, one)), t);
    Value z = f.mul(u, u);
    result = f.fma(f.mul(u, z), f.polynomial(z, kAtanSmallF64), u);
    result = f.select(shifted, f.add(f.c(M_PI_4), result), result);
  } else {
    Value z = f.mul(t, t);
    result = f.fma(f.mul(t, z), f.polynomial(z, kAtanF32), t);
  }
  result = f.select(inverted, f.sub(f.c(M_PI_2), result), result);
  return f.copySign(result, x);
}
