// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/conversion/GraphToDispatch/Payloads.h"

#include <cmath>

using namespace mlir;
using namespace visir;

namespace {

/// Shorthand for building scalar expressions at one place.
struct Scalars {
  OpBuilder &b;
  Location loc;
  Type type;

  Value constant(double value) const {
    return scalarConstant(b, loc, type, value);
  }
  Value integer(int64_t value) const {
    return scalarConstant(b, loc, type, value);
  }
  template <typename Op, typename... Args> Value make(Args... args) const {
    return Op::create(b, loc, args...);
  }
  Value add(Value x, Value y) const { return make<arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) const { return make<arith::SubFOp>(x, y); }
  Value mul(Value x, Value y) const { return make<arith::MulFOp>(x, y); }
  Value div(Value x, Value y) const { return make<arith::DivFOp>(x, y); }
  Value exp(Value x) const { return make<math::ExpOp>(x); }
  Value compare(arith::CmpFPredicate predicate, Value x, Value y) const {
    return make<arith::CmpFOp>(predicate, x, y);
  }
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) const {
    return make<arith::CmpIOp>(predicate, x, y);
  }
  Value select(Value condition, Value x, Value y) const {
    return make<arith::SelectOp>(condition, x, y);
  }
  /// x below `bound` becomes `bound`; NaN stays.
  Value atLeast(Value x, Value bound) const {
    return select(compare(arith::CmpFPredicate::OLT, x, bound), bound, x);
  }
  Value atMost(Value x, Value bound) const {
    return select(compare(arith::CmpFPredicate::OGT, x, bound), bound, x);
  }
  Value sigmoid(Value x) const {
    Value one = constant(1.0);
    return div(one, add(one, exp(make<arith::NegFOp>(x))));
  }
  /// log(1 + exp(x)) without overflow.
  Value softplus(Value x) const {
    Value tail = make<math::Log1pOp>(
        exp(make<arith::NegFOp>(make<math::AbsFOp>(x))));
    return add(atLeast(x, constant(0.0)), tail);
  }
};

} // namespace

Type visir::payloadType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element;
}

Type visir::computeType(Type element) {
  if (element.isF16() || element.isBF16())
    return Float32Type::get(element.getContext());
  return payloadType(element);
}

Value visir::scalarConstant(OpBuilder &b, Location loc, Type type,
                            double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  return scalarConstant(b, loc, type, int64_t(value));
}

Value visir::scalarConstant(OpBuilder &b, Location loc, Type type,
                            int64_t value) {
  if (isa<FloatType>(type))
    return scalarConstant(b, loc, type, double(value));
  APInt bits(type.getIntOrFloatBitWidth(), value, /*isSigned=*/true,
             /*implicitTrunc=*/true);
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, bits));
}

static bool isUnsigned(Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

static Value integerUnary(const Scalars &s, UnaryKind kind, Value x,
                          Type element) {
  bool isSigned = !isUnsigned(element);
  Value zero = s.integer(0);
  switch (kind) {
  case UnaryKind::Abs:
    return isSigned ? s.make<math::AbsIOp>(x) : x;
  case UnaryKind::Neg:
    return s.make<arith::SubIOp>(zero, x);
  case UnaryKind::Sign: {
    Value positive = s.compare(isSigned ? arith::CmpIPredicate::sgt
                                        : arith::CmpIPredicate::ugt,
                               x, zero);
    Value one = s.select(positive, s.integer(1), zero);
    if (!isSigned)
      return one;
    Value negative = s.compare(arith::CmpIPredicate::slt, x, zero);
    return s.select(negative, s.integer(-1), one);
  }
  case UnaryKind::Relu:
    return isSigned ? s.make<arith::MaxSIOp>(x, zero) : x;
  case UnaryKind::Not:
  case UnaryKind::BitNot:
    return s.make<arith::XOrIOp>(x, s.integer(-1));
  default:
    return {};
  }
}

/// Activations with parameters.
static Value floatActivation(const Scalars &s, UnaryKind kind, Value x,
                             ArrayRef<double> p) {
  Value zero = s.constant(0.0), one = s.constant(1.0);
  auto negative = [&] { return s.compare(arith::CmpFPredicate::OLT, x, zero); };
  switch (kind) {
  case UnaryKind::LeakyRelu:
    return s.select(negative(), s.mul(x, s.constant(p[0])), x);
  case UnaryKind::Elu:
    return s.select(negative(),
                    s.mul(s.constant(p[0]), s.make<math::ExpM1Op>(x)), x);
  case UnaryKind::Selu: {
    Value low = s.mul(s.constant(p[0]), s.make<math::ExpM1Op>(x));
    return s.mul(s.constant(p[1]), s.select(negative(), low, x));
  }
  case UnaryKind::Celu: {
    Value scaled = s.div(x, s.constant(p[0]));
    Value low = s.mul(s.constant(p[0]), s.make<math::ExpM1Op>(scaled));
    return s.select(negative(), low, x);
  }
  case UnaryKind::HardSigmoid: {
    Value line = s.add(s.mul(x, s.constant(p[0])), s.constant(p[1]));
    return s.atMost(s.atLeast(line, zero), one);
  }
  case UnaryKind::HardSwish: {
    Value gate = s.atMost(s.atLeast(s.add(x, s.constant(3.0)), zero),
                          s.constant(6.0));
    return s.mul(s.mul(x, gate), s.constant(1.0 / 6.0));
  }
  case UnaryKind::ThresholdedRelu:
    return s.select(
        s.compare(arith::CmpFPredicate::OGT, x, s.constant(p[0])), x, zero);
  case UnaryKind::Shrink: {
    Value low = s.compare(arith::CmpFPredicate::OLT, x, s.constant(-p[1]));
    Value high = s.compare(arith::CmpFPredicate::OGT, x, s.constant(p[1]));
    return s.select(low, s.add(x, s.constant(p[0])),
                    s.select(high, s.sub(x, s.constant(p[0])), zero));
  }
  case UnaryKind::Softplus:
    return s.softplus(x);
  case UnaryKind::Softsign:
    return s.div(x, s.add(one, s.make<math::AbsFOp>(x)));
  case UnaryKind::Mish:
    return s.mul(x, s.make<math::TanhOp>(s.softplus(x)));
  default:
    return {};
  }
}

static Value floatUnary(const Scalars &s, UnaryKind kind, Value x,
                        ArrayRef<double> params) {
  Value zero = s.constant(0.0), one = s.constant(1.0);
  switch (kind) {
  case UnaryKind::Abs:
    return s.make<math::AbsFOp>(x);
  case UnaryKind::Neg:
    return s.make<arith::NegFOp>(x);
  case UnaryKind::Ceil:
    return s.make<math::CeilOp>(x);
  case UnaryKind::Floor:
    return s.make<math::FloorOp>(x);
  case UnaryKind::Round:
    return s.make<math::RoundEvenOp>(x);
  case UnaryKind::Sign: {
    Value positive = s.compare(arith::CmpFPredicate::OGT, x, zero);
    Value negative = s.compare(arith::CmpFPredicate::OLT, x, zero);
    return s.select(negative, s.constant(-1.0),
                    s.select(positive, one, zero));
  }
  case UnaryKind::Exp:
    return s.exp(x);
  case UnaryKind::Log:
    return s.make<math::LogOp>(x);
  case UnaryKind::Sqrt:
    return s.make<math::SqrtOp>(x);
  case UnaryKind::Reciprocal:
    return s.div(one, x);
  case UnaryKind::Sin:
    return s.make<math::SinOp>(x);
  case UnaryKind::Cos:
    return s.make<math::CosOp>(x);
  case UnaryKind::Tan:
    return s.make<math::TanOp>(x);
  case UnaryKind::Asin:
    return s.make<math::AsinOp>(x);
  case UnaryKind::Acos:
    return s.make<math::AcosOp>(x);
  case UnaryKind::Atan:
    return s.make<math::AtanOp>(x);
  case UnaryKind::Sinh:
    return s.make<math::SinhOp>(x);
  case UnaryKind::Cosh:
    return s.make<math::CoshOp>(x);
  case UnaryKind::Tanh:
    return s.make<math::TanhOp>(x);
  case UnaryKind::Asinh:
    return s.make<math::AsinhOp>(x);
  case UnaryKind::Acosh:
    return s.make<math::AcoshOp>(x);
  case UnaryKind::Atanh:
    return s.make<math::AtanhOp>(x);
  case UnaryKind::Erf:
    return s.make<math::ErfOp>(x);
  case UnaryKind::Sigmoid:
    return s.sigmoid(x);
  case UnaryKind::Relu:
    return s.atLeast(x, zero);
  case UnaryKind::Gelu: {
    Value erf = s.make<math::ErfOp>(s.mul(x, s.constant(M_SQRT1_2)));
    return s.mul(s.mul(x, s.constant(0.5)), s.add(one, erf));
  }
  case UnaryKind::GeluTanh: {
    Value cube = s.mul(s.mul(x, x), x);
    Value inner = s.mul(s.add(x, s.mul(cube, s.constant(0.044715))),
                        s.constant(std::sqrt(2.0 / M_PI)));
    Value tanh = s.make<math::TanhOp>(inner);
    return s.mul(s.mul(x, s.constant(0.5)), s.add(one, tanh));
  }
  case UnaryKind::Silu:
    return s.mul(x, s.sigmoid(x));
  case UnaryKind::IsNaN:
    return s.compare(arith::CmpFPredicate::UNO, x, x);
  case UnaryKind::IsInf: {
    Value none = arith::ConstantOp::create(s.b, s.loc, s.b.getBoolAttr(false));
    Value low = none, high = none;
    if (params[0] != 0)
      low = s.compare(arith::CmpFPredicate::OEQ, x, s.constant(-INFINITY));
    if (params[1] != 0)
      high = s.compare(arith::CmpFPredicate::OEQ, x, s.constant(INFINITY));
    return s.make<arith::OrIOp>(low, high);
  }
  default:
    return floatActivation(s, kind, x, params);
  }
}

Value visir::buildUnary(OpBuilder &b, Location loc, UnaryKind kind, Value x,
                        Type element, ArrayRef<double> params) {
  Scalars s{b, loc, x.getType()};
  if (isa<IntegerType>(x.getType()))
    return integerUnary(s, kind, x, element);
  return floatUnary(s, kind, x, params);
}

/// Division that never traps: by zero gives the dividend, and the least
/// integer by -1 wraps around.
static Value safeDivide(const Scalars &s, Value lhs, Value rhs,
                        bool isSigned) {
  Value one = s.integer(1);
  Value isZero = s.compare(arith::CmpIPredicate::eq, rhs, s.integer(0));
  Value divisor = s.select(isZero, one, rhs);
  if (!isSigned)
    return s.make<arith::DivUIOp>(lhs, divisor);
  Value isMinusOne = s.compare(arith::CmpIPredicate::eq, rhs, s.integer(-1));
  divisor = s.select(isMinusOne, one, divisor);
  Value quotient = s.make<arith::DivSIOp>(lhs, divisor);
  return s.select(isMinusOne, s.make<arith::SubIOp>(s.integer(0), lhs),
                  quotient);
}

/// The remainder with the sign of the dividend, or of the divisor.
static Value remainder(const Scalars &s, Value lhs, Value rhs, bool isSigned,
                       bool signOfDivisor) {
  Value quotient = safeDivide(s, lhs, rhs, isSigned);
  Value rest = s.make<arith::SubIOp>(
      lhs, s.make<arith::MulIOp>(quotient, rhs));
  if (!isSigned || !signOfDivisor)
    return rest;
  Value zero = s.integer(0);
  Value nonZero = s.compare(arith::CmpIPredicate::ne, rest, zero);
  Value mixed = s.compare(arith::CmpIPredicate::slt,
                          s.make<arith::XOrIOp>(rest, rhs), zero);
  Value adjust = s.make<arith::AndIOp>(nonZero, mixed);
  return s.select(adjust, s.make<arith::AddIOp>(rest, rhs), rest);
}

/// A shift by the width or more leaves nothing but the sign.
static Value shift(const Scalars &s, Value lhs, Value rhs, bool left,
                   bool isSigned) {
  Value width = s.integer(s.type.getIntOrFloatBitWidth());
  Value inside = s.compare(arith::CmpIPredicate::ult, rhs, width);
  Value zero = s.integer(0);
  if (!left && isSigned) {
    Value last = s.integer(s.type.getIntOrFloatBitWidth() - 1);
    return s.make<arith::ShRSIOp>(lhs, s.select(inside, rhs, last));
  }
  Value amount = s.select(inside, rhs, zero);
  Value shifted = left ? s.make<arith::ShLIOp>(lhs, amount)
                       : s.make<arith::ShRUIOp>(lhs, amount);
  return s.select(inside, shifted, zero);
}

static Value integerBinary(const Scalars &s, BinaryKind kind, Value lhs,
                           Value rhs, Type element) {
  bool isSigned = !isUnsigned(element);
  switch (kind) {
  case BinaryKind::Add:
    return s.make<arith::AddIOp>(lhs, rhs);
  case BinaryKind::Sub:
    return s.make<arith::SubIOp>(lhs, rhs);
  case BinaryKind::Mul:
    return s.make<arith::MulIOp>(lhs, rhs);
  case BinaryKind::Div:
    return safeDivide(s, lhs, rhs, isSigned);
  case BinaryKind::Max:
    return isSigned ? s.make<arith::MaxSIOp>(lhs, rhs)
                    : s.make<arith::MaxUIOp>(lhs, rhs);
  case BinaryKind::Min:
    return isSigned ? s.make<arith::MinSIOp>(lhs, rhs)
                    : s.make<arith::MinUIOp>(lhs, rhs);
  case BinaryKind::Mod:
    return remainder(s, lhs, rhs, isSigned, /*signOfDivisor=*/true);
  case BinaryKind::Fmod:
    return remainder(s, lhs, rhs, isSigned, /*signOfDivisor=*/false);
  case BinaryKind::And:
  case BinaryKind::BitAnd:
    return s.make<arith::AndIOp>(lhs, rhs);
  case BinaryKind::Or:
  case BinaryKind::BitOr:
    return s.make<arith::OrIOp>(lhs, rhs);
  case BinaryKind::Xor:
  case BinaryKind::BitXor:
    return s.make<arith::XOrIOp>(lhs, rhs);
  case BinaryKind::ShiftLeft:
    return shift(s, lhs, rhs, /*left=*/true, isSigned);
  case BinaryKind::ShiftRight:
    return shift(s, lhs, rhs, /*left=*/false, isSigned);
  case BinaryKind::Prelu: {
    Value negative =
        s.compare(arith::CmpIPredicate::slt, lhs, s.integer(0));
    return isSigned
               ? s.select(negative, s.make<arith::MulIOp>(lhs, rhs), lhs)
               : lhs;
  }
  default:
    return {};
  }
}

static Value floatBinary(const Scalars &s, BinaryKind kind, Value lhs,
                         Value rhs) {
  switch (kind) {
  case BinaryKind::Add:
    return s.add(lhs, rhs);
  case BinaryKind::Sub:
    return s.sub(lhs, rhs);
  case BinaryKind::Mul:
    return s.mul(lhs, rhs);
  case BinaryKind::Div:
    return s.div(lhs, rhs);
  case BinaryKind::Pow:
    return s.make<math::PowFOp>(lhs, rhs);
  case BinaryKind::Max:
    return s.make<arith::MaximumFOp>(lhs, rhs);
  case BinaryKind::Min:
    return s.make<arith::MinimumFOp>(lhs, rhs);
  case BinaryKind::Fmod:
    return s.make<arith::RemFOp>(lhs, rhs);
  case BinaryKind::Mod: {
    Value rest = s.make<arith::RemFOp>(lhs, rhs), zero = s.constant(0.0);
    Value nonZero = s.compare(arith::CmpFPredicate::UNE, rest, zero);
    Value low = s.compare(arith::CmpFPredicate::OLT, rest, zero);
    Value divisorLow = s.compare(arith::CmpFPredicate::OLT, rhs, zero);
    Value mixed = s.make<arith::XOrIOp>(low, divisorLow);
    Value adjust = s.make<arith::AndIOp>(nonZero, mixed);
    return s.select(adjust, s.add(rest, rhs), rest);
  }
  case BinaryKind::Prelu: {
    Value negative =
        s.compare(arith::CmpFPredicate::OLT, lhs, s.constant(0.0));
    return s.select(negative, s.mul(lhs, rhs), lhs);
  }
  default:
    return {};
  }
}

/// Integers by repeated squaring, wrapping around; a negative exponent gives
/// 0, but for the bases 1 and -1.
static Value integerPow(const Scalars &s, Value base, Value exponent) {
  unsigned width = s.type.getIntOrFloatBitWidth();
  Value one = s.integer(1), result = one, square = base;
  for (unsigned bit = 0; bit < width; ++bit) {
    Value digit = s.make<arith::AndIOp>(
        s.make<arith::ShRUIOp>(exponent, s.integer(bit)), one);
    Value isSet = s.compare(arith::CmpIPredicate::ne, digit, s.integer(0));
    result = s.select(isSet, s.make<arith::MulIOp>(result, square), result);
    square = s.make<arith::MulIOp>(square, square);
  }
  Value negative =
      s.compare(arith::CmpIPredicate::slt, exponent, s.integer(0));
  Value unit = s.compare(arith::CmpIPredicate::eq,
                         s.make<math::AbsIOp>(base), one);
  Value vanishes = s.make<arith::AndIOp>(
      negative, s.make<arith::XOrIOp>(
                    unit, arith::ConstantOp::create(
                              s.b, s.loc, s.b.getBoolAttr(true))));
  return s.select(vanishes, s.integer(0), result);
}

/// The power of an integer as an integer: truncated, but what differs from an
/// integer by rounding only is that integer.
static Value truncatePower(const Scalars &s, Value power) {
  Value nearest = s.make<math::RoundEvenOp>(power);
  Value distance = s.make<math::AbsFOp>(s.sub(nearest, power));
  Value bound = s.mul(s.make<math::AbsFOp>(power), s.constant(1e-12));
  Value close = s.compare(arith::CmpFPredicate::OLE, distance, bound);
  return s.select(close, nearest, power);
}

/// pow of operands of any types: integers with integer exponents exactly,
/// everything else through floats.
static Value buildPow(OpBuilder &b, Location loc, Value lhs, Value rhs,
                      Type element, Type rhsElement) {
  Type type = lhs.getType();
  if (isa<FloatType>(type))
    return math::PowFOp::create(b, loc, lhs,
                                buildCast(b, loc, rhs, rhsElement, type));
  if (isa<IntegerType>(rhs.getType()))
    return integerPow({b, loc, type}, lhs,
                      buildCast(b, loc, rhs, rhsElement, element));
  Type wide = b.getF64Type();
  Value power = math::PowFOp::create(
      b, loc, buildCast(b, loc, lhs, element, wide),
      buildCast(b, loc, rhs, rhsElement, wide));
  return buildCast(b, loc, truncatePower({b, loc, wide}, power), wide,
                   element);
}

Value visir::buildBinary(OpBuilder &b, Location loc, BinaryKind kind,
                         Value lhs, Value rhs, Type element,
                         Type rhsElement) {
  if (kind == BinaryKind::Pow)
    return buildPow(b, loc, lhs, rhs, element, rhsElement);
  Scalars s{b, loc, lhs.getType()};
  if (isa<IntegerType>(lhs.getType()))
    return integerBinary(s, kind, lhs, rhs, element);
  return floatBinary(s, kind, lhs, rhs);
}

Value visir::buildCompare(OpBuilder &b, Location loc, CompareKind kind,
                          Value lhs, Value rhs, Type element) {
  static const arith::CmpFPredicate floats[] = {
      arith::CmpFPredicate::OEQ, arith::CmpFPredicate::UNE,
      arith::CmpFPredicate::OLT, arith::CmpFPredicate::OLE,
      arith::CmpFPredicate::OGT, arith::CmpFPredicate::OGE};
  static const arith::CmpIPredicate signedInts[] = {
      arith::CmpIPredicate::eq,  arith::CmpIPredicate::ne,
      arith::CmpIPredicate::slt, arith::CmpIPredicate::sle,
      arith::CmpIPredicate::sgt, arith::CmpIPredicate::sge};
  static const arith::CmpIPredicate unsignedInts[] = {
      arith::CmpIPredicate::eq,  arith::CmpIPredicate::ne,
      arith::CmpIPredicate::ult, arith::CmpIPredicate::ule,
      arith::CmpIPredicate::ugt, arith::CmpIPredicate::uge};
  unsigned index = static_cast<unsigned>(kind);
  if (isa<FloatType>(lhs.getType()))
    return arith::CmpFOp::create(b, loc, floats[index], lhs, rhs);
  return arith::CmpIOp::create(
      b, loc, isUnsigned(element) ? unsignedInts[index] : signedInts[index],
      lhs, rhs);
}

static Value castFromFloat(const Scalars &s, Value x, Type target, Type to) {
  if (auto type = dyn_cast<FloatType>(target)) {
    unsigned from = x.getType().getIntOrFloatBitWidth();
    if (type.getWidth() > from)
      return s.make<arith::ExtFOp>(target, x);
    return s.make<arith::TruncFOp>(target, x);
  }
  if (target.isInteger(1))
    return s.compare(arith::CmpFPredicate::UNE, x,
                     scalarConstant(s.b, s.loc, x.getType(), 0.0));
  if (isUnsigned(to))
    return s.make<arith::FPToUIOp>(target, x);
  return s.make<arith::FPToSIOp>(target, x);
}

Value visir::buildCast(OpBuilder &b, Location loc, Value x, Type from,
                       Type to) {
  Type target = computeType(to);
  Scalars s{b, loc, target};
  Type source = x.getType();
  Value result;
  if (source == target)
    result = x;
  else if (isa<FloatType>(source))
    result = castFromFloat(s, x, target, to);
  else if (isa<FloatType>(target))
    result = isUnsigned(from) ? s.make<arith::UIToFPOp>(target, x)
                              : s.make<arith::SIToFPOp>(target, x);
  else if (target.isInteger(1))
    result = s.compare(arith::CmpIPredicate::ne, x,
                       scalarConstant(b, loc, source, int64_t(0)));
  else if (target.getIntOrFloatBitWidth() < source.getIntOrFloatBitWidth())
    result = s.make<arith::TruncIOp>(target, x);
  else
    result = isUnsigned(from) ? s.make<arith::ExtUIOp>(target, x)
                              : s.make<arith::ExtSIOp>(target, x);
  return result;
}

Value visir::buildBitcast(OpBuilder &b, Location loc, Value x, Type from,
                          Type to) {
  Type source = payloadType(from), target = payloadType(to);
  if (x.getType() != source)
    x = b.createOrFold<arith::TruncFOp>(loc, source, x);
  if (source.isInteger(1) && source != target)
    x = arith::ExtUIOp::create(b, loc, target, x);
  else if (target.isInteger(1) && source != target)
    x = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x,
                              scalarConstant(b, loc, source, int64_t(0)));
  else if (source != target)
    x = arith::BitcastOp::create(b, loc, target, x);
  if (computeType(to) != target)
    x = arith::ExtFOp::create(b, loc, computeType(to), x);
  return x;
}

Value visir::swapSignOrder(OpBuilder &b, Location loc, Value x,
                           Type element) {
  if (!element.isUnsignedInteger())
    return x;
  APInt top = APInt::getSignedMinValue(x.getType().getIntOrFloatBitWidth());
  Value mask = arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(x.getType(), top));
  return arith::XOrIOp::create(b, loc, x, mask);
}
