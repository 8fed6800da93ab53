// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Ops.h"
#include "targets/reference/Walk.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

Tensor visir::reference::rounded(const Tensor &tensor) {
  if (!tensor.element().isF32())
    return tensor;
  Tensor result = tensor.clone();
  double *values = result.data<double>();
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    values[i] = roundToElement(tensor.element(), values[i]);
  return result;
}

static double softplus(double x) {
  return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x)));
}

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// `x` between `low` and `high`; NaN stays NaN.
static double clamp(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

/// Functions that most models know from a paper or a framework.
static double activation(UnaryKind kind, double x, ArrayRef<double> params) {
  auto param = [&](size_t i) { return params[i]; };
  switch (kind) {
  case UnaryKind::Sigmoid:
    return sigmoid(x);
  case UnaryKind::Relu:
    return x < 0 ? 0 : x;
  case UnaryKind::Gelu:
    return 0.5 * x * std::erfc(-x * M_SQRT1_2);
  case UnaryKind::GeluTanh:
    return 0.5 * x *
           (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case UnaryKind::Silu:
    return x * sigmoid(x);
  case UnaryKind::HardSwish:
    return x * clamp(x / 6 + 0.5, 0, 1);
  case UnaryKind::HardSigmoid:
    return clamp(param(0) * x + param(1), 0, 1);
  case UnaryKind::LeakyRelu:
    return x < 0 ? param(0) * x : x;
  case UnaryKind::Elu:
    return x < 0 ? param(0) * std::expm1(x) : x;
  case UnaryKind::Selu:
    return param(1) * (x <= 0 ? param(0) * std::expm1(x) : x);
  case UnaryKind::Celu:
    return x < 0 ? param(0) * std::expm1(x / param(0)) : x;
  case UnaryKind::Softplus:
    return softplus(x);
  case UnaryKind::Softsign:
    return x / (1 + std::fabs(x));
  case UnaryKind::Mish:
    return x * std::tanh(softplus(x));
  case UnaryKind::ThresholdedRelu:
    return x > param(0) ? x : 0;
  case UnaryKind::Shrink:
    return x < -param(1) ? x + param(0) : x > param(1) ? x - param(0) : 0;
  default:
    llvm_unreachable("not an activation");
  }
}

static double unaryFloat(UnaryKind kind, double x, ArrayRef<double> params) {
  switch (kind) {
  case UnaryKind::Abs:
    return std::fabs(x);
  case UnaryKind::Neg:
    return -x;
  case UnaryKind::Ceil:
    return std::ceil(x);
  case UnaryKind::Floor:
    return std::floor(x);
  case UnaryKind::Round:
    return std::nearbyint(x);
  case UnaryKind::Sign:
    return x > 0 ? 1 : x < 0 ? -1 : x;
  case UnaryKind::Exp:
    return std::exp(x);
  case UnaryKind::Log:
    return std::log(x);
  case UnaryKind::Sqrt:
    return std::sqrt(x);
  case UnaryKind::Reciprocal:
    return 1 / x;
  case UnaryKind::Sin:
    return std::sin(x);
  case UnaryKind::Cos:
    return std::cos(x);
  case UnaryKind::Tan:
    return std::tan(x);
  case UnaryKind::Asin:
    return std::asin(x);
  case UnaryKind::Acos:
    return std::acos(x);
  case UnaryKind::Atan:
    return std::atan(x);
  case UnaryKind::Sinh:
    return std::sinh(x);
  case UnaryKind::Cosh:
    return std::cosh(x);
  case UnaryKind::Tanh:
    return std::tanh(x);
  case UnaryKind::Asinh:
    return std::asinh(x);
  case UnaryKind::Acosh:
    return std::acosh(x);
  case UnaryKind::Atanh:
    return std::atanh(x);
  case UnaryKind::Erf:
    return std::erf(x);
  default:
    return activation(kind, x, params);
  }
}

static FailureOr<int64_t> unaryInt(UnaryOp op, int64_t x, bool isUnsigned) {
  switch (op.getKind()) {
  case UnaryKind::Abs:
    return isUnsigned || x >= 0 ? x : int64_t(0 - uint64_t(x));
  case UnaryKind::Neg:
    return int64_t(0 - uint64_t(x));
  case UnaryKind::Sign:
    return x == 0 ? 0 : isUnsigned || x > 0 ? 1 : -1;
  case UnaryKind::Relu:
    return isUnsigned || x > 0 ? x : 0;
  case UnaryKind::Ceil:
  case UnaryKind::Floor:
  case UnaryKind::Round:
    return x;
  case UnaryKind::Not:
    return x == 0;
  case UnaryKind::BitNot:
    return ~x;
  default:
    return op.emitOpError("kind is ")
           << stringifyEnum(op.getKind())
           << ", expected one that is defined for " << op.getInput().getType();
  }
}

static bool classify(UnaryOp op, double x) {
  if (op.getKind() == UnaryKind::IsNaN)
    return std::isnan(x);
  ArrayRef<double> params = op.getParams();
  return std::isinf(x) && params[x < 0 ? 0 : 1] != 0;
}

Evaluated visir::reference::evaluateUnary(UnaryOp op,
                                          ArrayRef<Tensor> operands) {
  UnaryKind kind = op.getKind();
  bool jumps = kind == UnaryKind::Ceil || kind == UnaryKind::Floor ||
               kind == UnaryKind::Round || kind == UnaryKind::Sign ||
               kind == UnaryKind::Shrink || kind == UnaryKind::ThresholdedRelu;
  Tensor in = jumps ? rounded(operands[0]) : operands[0];
  Tensor result(resultType(op));
  if (kind == UnaryKind::IsNaN || kind == UnaryKind::IsInf) {
    for (int64_t i = 0, e = in.size(); i < e; ++i)
      result.data<int64_t>()[i] = classify(op, in.asDouble(i));
  } else if (in.isFloat()) {
    if (kind == UnaryKind::Not || kind == UnaryKind::BitNot)
      return op.emitOpError("operand is ")
             << in.type() << ", expected integers";
    ArrayRef<double> params = op.getParams();
    const double *from = in.data<double>();
    double *to = result.data<double>();
    parallelFor(in.size(), 16384, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        to[i] = unaryFloat(kind, from[i], params);
    });
  } else {
    bool isUnsigned = in.isUnsigned64();
    for (int64_t i = 0, e = in.size(); i < e; ++i) {
      FailureOr<int64_t> value =
          unaryInt(op, in.data<int64_t>()[i], isUnsigned);
      if (failed(value))
        return failure();
      result.data<int64_t>()[i] = *value;
    }
  }
  return Tensors{result};
}

static double maximum(double a, double b) {
  return std::isnan(a) ? a : std::isnan(b) ? b : std::fmax(a, b);
}

static double minimum(double a, double b) {
  return std::isnan(a) ? a : std::isnan(b) ? b : std::fmin(a, b);
}

/// The remainder with the sign of the divisor.
static double modulo(double a, double b) {
  double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static double binaryFloat(BinaryKind kind, double a, double b) {
  switch (kind) {
  case BinaryKind::Add:
    return a + b;
  case BinaryKind::Sub:
    return a - b;
  case BinaryKind::Mul:
    return a * b;
  case BinaryKind::Div:
    return a / b;
  case BinaryKind::Pow:
    return std::pow(a, b);
  case BinaryKind::Max:
    return maximum(a, b);
  case BinaryKind::Min:
    return minimum(a, b);
  case BinaryKind::Mod:
    return modulo(a, b);
  case BinaryKind::Fmod:
    return std::fmod(a, b);
  case BinaryKind::Prelu:
    return a < 0 ? a * b : a;
  default:
    llvm_unreachable("checked by the caller");
  }
}

/// a to the power of b in wrapping arithmetic.
static uint64_t power(uint64_t a, int64_t b) {
  if (b < 0)
    return a == 1 ? 1 : a == ~uint64_t(0) ? (b % 2 ? a : 1) : 0;
  uint64_t result = 1;
  for (; b; b >>= 1, a *= a)
    if (b & 1)
      result *= a;
  return result;
}

/// Quotient and remainders; `T` is int64_t or, for ui64, uint64_t.
template <class T> static FailureOr<int64_t> divide(BinaryOp op, T a, T b) {
  if (b == 0)
    return op.emitOpError("divides an integer by zero");
  bool wraps = std::is_signed_v<T> && b == T(-1);
  if (op.getKind() == BinaryKind::Div)
    return wraps ? int64_t(0 - uint64_t(a)) : int64_t(a / b);
  T rest = wraps ? T(0) : T(a % b);
  bool flip =
      op.getKind() == BinaryKind::Mod && rest != 0 && (rest < 0) != (b < 0);
  return int64_t(flip ? rest + b : rest);
}

/// A left shift by the width or more gives 0, as does a right one of
/// unsigned values; signed values keep their sign.
static int64_t shift(bool left, int64_t a, int64_t by, Type element) {
  bool outside = by < 0 || by >= int64_t(element.getIntOrFloatBitWidth());
  if (left)
    return outside ? 0 : int64_t(uint64_t(a) << by);
  if (element.isUnsignedInteger())
    return outside ? 0 : int64_t(uint64_t(a) >> by);
  return a >> (outside ? 63 : by);
}

static FailureOr<int64_t> binaryInt(BinaryOp op, int64_t a, int64_t b,
                                    Type element) {
  bool isUnsigned = element.isUnsignedInteger(64);
  bool less = isUnsigned ? uint64_t(a) < uint64_t(b) : a < b;
  switch (op.getKind()) {
  case BinaryKind::Add:
    return int64_t(uint64_t(a) + uint64_t(b));
  case BinaryKind::Sub:
    return int64_t(uint64_t(a) - uint64_t(b));
  case BinaryKind::Mul:
    return int64_t(uint64_t(a) * uint64_t(b));
  case BinaryKind::Div:
  case BinaryKind::Mod:
  case BinaryKind::Fmod:
    return isUnsigned ? divide<uint64_t>(op, a, b) : divide<int64_t>(op, a, b);
  case BinaryKind::Pow:
    return int64_t(power(a, b));
  case BinaryKind::Max:
    return less ? b : a;
  case BinaryKind::Min:
    return less ? a : b;
  case BinaryKind::And:
  case BinaryKind::BitAnd:
    return a & b;
  case BinaryKind::Or:
  case BinaryKind::BitOr:
    return a | b;
  case BinaryKind::Xor:
  case BinaryKind::BitXor:
    return a ^ b;
  case BinaryKind::ShiftLeft:
  case BinaryKind::ShiftRight:
    return shift(op.getKind() == BinaryKind::ShiftLeft, a, b, element);
  case BinaryKind::Prelu:
    return !isUnsigned && a < 0 ? int64_t(uint64_t(a) * uint64_t(b)) : a;
  }
  llvm_unreachable("all kinds are listed");
}

/// Strides of operands 0 .. N - 1 broadcast to the result's shape.
template <size_t N>
static std::array<Dims, N> broadcast(ArrayRef<Tensor> operands,
                                     ArrayRef<int64_t> shape) {
  std::array<Dims, N> strides;
  for (size_t i = 0; i < N; ++i)
    strides[i] = broadcastStrides(operands[i].shape(), shape);
  return strides;
}

/// pow whose base and exponent differ in type: computed in f64.
static void mixedPower(const Tensor &a, const Tensor &b, Tensor &result) {
  Tensor operands[] = {a, b};
  forEachOffset(result.shape(), broadcast<2>(operands, result.shape()),
                [&](int64_t i, auto at) {
                  double value = std::pow(a.asDouble(at[0]), b.asDouble(at[1]));
                  if (result.isFloat())
                    result.data<double>()[i] = value;
                  else
                    result.data<int64_t>()[i] = int64_t(value);
                });
}

Evaluated visir::reference::evaluateBinary(BinaryOp op,
                                           ArrayRef<Tensor> operands) {
  BinaryKind kind = op.getKind();
  bool jumps = kind == BinaryKind::Mod || kind == BinaryKind::Fmod;
  Tensor a = jumps ? rounded(operands[0]) : operands[0];
  Tensor b = jumps ? rounded(operands[1]) : operands[1];
  Tensor result(resultType(op));
  std::array<Dims, 2> strides = broadcast<2>(operands, result.shape());
  if (a.isFloat() != b.isFloat()) {
    mixedPower(a, b, result);
  } else if (a.isFloat()) {
    if (kind >= BinaryKind::And && kind <= BinaryKind::ShiftRight)
      return op.emitOpError("operand is ") << a.type() << ", expected integers";
    const double *lhs = a.data<double>(), *rhs = b.data<double>();
    double *to = result.data<double>();
    forEachOffset(result.shape(), strides, [&](int64_t i, auto at) {
      to[i] = binaryFloat(kind, lhs[at[0]], rhs[at[1]]);
    });
  } else {
    bool ok = true;
    forEachOffset(result.shape(), strides, [&](int64_t i, auto at) {
      if (!ok)
        return;
      FailureOr<int64_t> value = binaryInt(
          op, a.data<int64_t>()[at[0]], b.data<int64_t>()[at[1]], a.element());
      ok = succeeded(value);
      result.data<int64_t>()[i] = ok ? *value : 0;
    });
    if (!ok)
      return failure();
  }
  return Tensors{result};
}

template <class T> static bool compare(CompareKind kind, T a, T b) {
  switch (kind) {
  case CompareKind::Equal:
    return a == b;
  case CompareKind::NotEqual:
    return a != b;
  case CompareKind::Less:
    return a < b;
  case CompareKind::LessEqual:
    return a <= b;
  case CompareKind::Greater:
    return a > b;
  case CompareKind::GreaterEqual:
    return a >= b;
  }
  llvm_unreachable("all kinds are listed");
}

Evaluated visir::reference::evaluateCompare(CompareOp op,
                                            ArrayRef<Tensor> operands) {
  Tensor a = rounded(operands[0]), b = rounded(operands[1]);
  Tensor result(resultType(op));
  int64_t *to = result.data<int64_t>();
  CompareKind kind = op.getKind();
  bool isUnsigned = a.isUnsigned64();
  withStorage(a.element(), [&](auto zero) {
    using T = decltype(zero);
    const T *lhs = a.data<T>(), *rhs = b.data<T>();
    forEachOffset(result.shape(), broadcast<2>(operands, result.shape()),
                  [&](int64_t i, auto at) {
                    T x = lhs[at[0]], y = rhs[at[1]];
                    to[i] = isUnsigned ? compare(kind, uint64_t(x), uint64_t(y))
                                       : compare(kind, x, y);
                  });
  });
  return Tensors{result};
}

Evaluated visir::reference::evaluateSelect(SelectOp op,
                                           ArrayRef<Tensor> operands) {
  Tensor result(resultType(op));
  const int64_t *condition = operands[0].data<int64_t>();
  withStorage(result.element(), [&](auto zero) {
    using T = decltype(zero);
    const T *onTrue = operands[1].data<T>(), *onFalse = operands[2].data<T>();
    T *to = result.data<T>();
    forEachOffset(result.shape(), broadcast<3>(operands, result.shape()),
                  [&](int64_t i, auto at) {
                    to[i] = condition[at[0]] ? onTrue[at[1]] : onFalse[at[2]];
                  });
  });
  return Tensors{result};
}

/// Float to integer: truncated; beyond 64 bits the nearest, and NaN is 0.
static int64_t truncate(double value) {
  if (std::isnan(value))
    return 0;
  if (value >= 0x1p63)
    return value < 0x1p64 ? int64_t(uint64_t(value)) : INT64_MAX;
  return value < -0x1p63 ? INT64_MIN : int64_t(value);
}

Evaluated visir::reference::evaluateCast(CastOp op, ArrayRef<Tensor> operands) {
  Tensor result(resultType(op));
  Type to = result.element();
  bool toInt = !result.isFloat(), toBool = to.isInteger(1);
  Tensor in = toInt ? rounded(operands[0]) : operands[0];
  // Equal types change nothing; f32 then keeps its carried precision.
  bool rounds = in.element() != to;
  for (int64_t i = 0, e = in.size(); i < e; ++i) {
    if (!toInt)
      result.data<double>()[i] =
          rounds ? roundToElement(to, in.asDouble(i)) : in.asDouble(i);
    else if (!in.isFloat())
      result.data<int64_t>()[i] =
          toBool ? in.data<int64_t>()[i] != 0 : in.data<int64_t>()[i];
    else
      result.data<int64_t>()[i] =
          toBool ? in.data<double>()[i] != 0 : truncate(in.data<double>()[i]);
  }
  return Tensors{result};
}
