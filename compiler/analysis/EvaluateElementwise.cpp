// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Evaluate.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Bitcast.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::evaluation;

static double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
static double softplus(double x) {
  return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
}
static double clamp01(double x) { return std::min(1.0, std::max(0.0, x)); }

/// Kinds that are one function of the C library.
static std::optional<double> libraryUnary(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::Ceil:
    return std::ceil(x);
  case UnaryKind::Floor:
    return std::floor(x);
  case UnaryKind::Round:
    return std::nearbyint(x);
  case UnaryKind::Exp:
    return std::exp(x);
  case UnaryKind::Log:
    return std::log(x);
  case UnaryKind::Sqrt:
    return std::sqrt(x);
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
    return std::nullopt;
  }
}

/// Kinds with parameters, in ONNX's words.
static std::optional<double> parametricUnary(UnaryKind kind, double x,
                                             ArrayRef<double> p) {
  switch (kind) {
  case UnaryKind::HardSigmoid:
    return clamp01(p[0] * x + p[1]);
  case UnaryKind::LeakyRelu:
    return x < 0 ? p[0] * x : x;
  case UnaryKind::Elu:
    return x < 0 ? p[0] * std::expm1(x) : x;
  case UnaryKind::Selu:
    return p[1] * (x <= 0 ? p[0] * std::expm1(x) : x);
  case UnaryKind::Celu:
    return std::max(0.0, x) + std::min(0.0, p[0] * std::expm1(x / p[0]));
  case UnaryKind::ThresholdedRelu:
    return x > p[0] ? x : 0.0;
  case UnaryKind::Shrink:
    return x < -p[1] ? x + p[0] : x > p[1] ? x - p[0] : 0.0;
  case UnaryKind::IsInf:
    return std::isinf(x) && (x < 0 ? p[0] != 0 : p[1] != 0);
  default:
    return std::nullopt;
  }
}

static std::optional<double> floatUnary(UnaryKind kind, double x,
                                        ArrayRef<double> p) {
  const double gelu = std::sqrt(2.0 / M_PI);
  switch (kind) {
  case UnaryKind::Abs:
    return std::abs(x);
  case UnaryKind::Neg:
    return -x;
  case UnaryKind::Sign:
    return std::isnan(x) ? x : double((x > 0) - (x < 0));
  case UnaryKind::Reciprocal:
    return 1.0 / x;
  case UnaryKind::Sigmoid:
    return sigmoid(x);
  case UnaryKind::Relu:
    return std::isnan(x) ? x : std::max(x, 0.0);
  case UnaryKind::Gelu:
    return 0.5 * x * std::erfc(-x * M_SQRT1_2);
  case UnaryKind::GeluTanh:
    return 0.5 * x * (1.0 + std::tanh(gelu * (x + 0.044715 * x * x * x)));
  case UnaryKind::Silu:
    return x * sigmoid(x);
  case UnaryKind::HardSwish:
    return x * clamp01(x / 6.0 + 0.5);
  case UnaryKind::Softplus:
    return softplus(x);
  case UnaryKind::Softsign:
    return x / (1.0 + std::abs(x));
  case UnaryKind::Mish:
    return x * std::tanh(softplus(x));
  case UnaryKind::IsNaN:
    return std::isnan(x);
  default:
    break;
  }
  if (std::optional<double> y = libraryUnary(kind, x))
    return y;
  return parametricUnary(kind, x, p);
}

static std::optional<int64_t> intUnary(UnaryKind kind, int64_t x,
                                       bool isUnsigned) {
  switch (kind) {
  case UnaryKind::Abs:
    return x < 0 && !isUnsigned ? int64_t(-uint64_t(x)) : x;
  case UnaryKind::Neg:
    return int64_t(-uint64_t(x));
  case UnaryKind::Sign:
    return isUnsigned ? x != 0 : (x > 0) - (x < 0);
  case UnaryKind::Relu:
    return isUnsigned ? x : std::max<int64_t>(x, 0);
  case UnaryKind::Not:
    return x == 0;
  case UnaryKind::BitNot:
    return ~x;
  case UnaryKind::Ceil:
  case UnaryKind::Floor:
  case UnaryKind::Round:
    return x;
  default:
    return std::nullopt;
  }
}

static std::optional<double> floatBinary(BinaryKind kind, double a, double b) {
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
    return std::isnan(a) ? a : std::isnan(b) ? b : std::max(a, b);
  case BinaryKind::Min:
    return std::isnan(a) ? a : std::isnan(b) ? b : std::min(a, b);
  case BinaryKind::Mod: {
    double r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  case BinaryKind::Fmod:
    return std::fmod(a, b);
  case BinaryKind::Prelu:
    return a < 0 ? a * b : a;
  default:
    return std::nullopt;
  }
}

static int64_t intPow(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, b = base;
  for (uint64_t e = exponent; e; e >>= 1, b *= b)
    if (e & 1)
      result *= b;
  return int64_t(result);
}

static std::optional<int64_t> intDivision(BinaryKind kind, int64_t a, int64_t b,
                                          bool isUnsigned) {
  if (b == 0)
    return std::nullopt;
  if (isUnsigned)
    return kind == BinaryKind::Div ? int64_t(uint64_t(a) / uint64_t(b))
                                   : int64_t(uint64_t(a) % uint64_t(b));
  if (b == -1)
    return kind == BinaryKind::Div ? int64_t(-uint64_t(a)) : 0;
  int64_t r = a % b;
  if (kind == BinaryKind::Div)
    return a / b;
  return kind == BinaryKind::Mod && r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static std::optional<int64_t> intBinary(BinaryKind kind, int64_t a, int64_t b,
                                        bool isUnsigned) {
  bool less = isUnsigned ? uint64_t(a) < uint64_t(b) : a < b;
  switch (kind) {
  case BinaryKind::Add:
    return int64_t(uint64_t(a) + uint64_t(b));
  case BinaryKind::Sub:
    return int64_t(uint64_t(a) - uint64_t(b));
  case BinaryKind::Mul:
    return int64_t(uint64_t(a) * uint64_t(b));
  case BinaryKind::Div:
  case BinaryKind::Mod:
  case BinaryKind::Fmod:
    return intDivision(kind, a, b, isUnsigned);
  case BinaryKind::Pow:
    return intPow(a, b);
  case BinaryKind::Max:
    return less ? b : a;
  case BinaryKind::Min:
    return less ? a : b;
  case BinaryKind::And:
    return a && b;
  case BinaryKind::Or:
    return a || b;
  case BinaryKind::Xor:
    return !a != !b;
  case BinaryKind::BitAnd:
    return a & b;
  case BinaryKind::BitOr:
    return a | b;
  case BinaryKind::BitXor:
    return a ^ b;
  case BinaryKind::ShiftLeft:
    return uint64_t(b) > 63 ? 0 : int64_t(uint64_t(a) << b);
  case BinaryKind::ShiftRight:
    return uint64_t(b) > 63 ? 0 : int64_t(uint64_t(a) >> b);
  case BinaryKind::Prelu:
    return a < 0 ? int64_t(uint64_t(a) * uint64_t(b)) : a;
  }
  return std::nullopt;
}

template <typename T> static bool compareValues(CompareKind kind, T a, T b) {
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
  return false;
}

static Type resultElement(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
}

static ArrayRef<int64_t> resultShape(Operation *op) {
  return cast<RankedTensorType>(op->getResult(0).getType()).getShape();
}

static Result evaluateUnary(UnaryOp op, const Operand &x) {
  if (x.isFloat()) {
    std::vector<double> values = x.doubles();
    for (double &value : values) {
      auto y = floatUnary(op.getKind(), value, op.getParams());
      if (!y)
        return std::nullopt;
      value = *y;
    }
    return toBytes(resultElement(op), values);
  }
  bool isUnsigned = x.type.getElementType().isUnsignedInteger();
  std::vector<int64_t> values = x.ints();
  for (int64_t &value : values) {
    auto y = intUnary(op.getKind(), value, isUnsigned);
    if (!y)
      return std::nullopt;
    value = *y;
  }
  return toBytes(resultElement(op), values);
}

static Result evaluateBinary(BinaryOp op, const Operand &a, const Operand &b) {
  ArrayRef<int64_t> shape = resultShape(op);
  auto atA =
      stridedPositions(shape, broadcastStrides(a.type.getShape(), shape));
  auto atB =
      stridedPositions(shape, broadcastStrides(b.type.getShape(), shape));
  if (a.isFloat()) {
    std::vector<double> x = a.doubles(), y = b.doubles(), out(atA.size());
    for (size_t i = 0; i < out.size(); ++i) {
      auto value = floatBinary(op.getKind(), x[atA[i]], y[atB[i]]);
      if (!value)
        return std::nullopt;
      out[i] = *value;
    }
    return toBytes(resultElement(op), out);
  }
  if (b.isFloat())
    return std::nullopt;
  bool isUnsigned = a.type.getElementType().isUnsignedInteger();
  std::vector<int64_t> x = a.ints(), y = b.ints(), out(atA.size());
  for (size_t i = 0; i < out.size(); ++i) {
    auto value = intBinary(op.getKind(), x[atA[i]], y[atB[i]], isUnsigned);
    if (!value)
      return std::nullopt;
    out[i] = *value;
  }
  return toBytes(resultElement(op), out);
}

static Result evaluateCompare(CompareOp op, const Operand &a,
                              const Operand &b) {
  ArrayRef<int64_t> shape = resultShape(op);
  auto atA =
      stridedPositions(shape, broadcastStrides(a.type.getShape(), shape));
  auto atB =
      stridedPositions(shape, broadcastStrides(b.type.getShape(), shape));
  std::vector<int64_t> out(atA.size());
  if (a.isFloat()) {
    std::vector<double> x = a.doubles(), y = b.doubles();
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = compareValues(op.getKind(), x[atA[i]], y[atB[i]]);
  } else if (a.type.getElementType().isUnsignedInteger(64)) {
    std::vector<int64_t> x = a.ints(), y = b.ints();
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = compareValues<uint64_t>(op.getKind(), x[atA[i]], y[atB[i]]);
  } else {
    std::vector<int64_t> x = a.ints(), y = b.ints();
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = compareValues(op.getKind(), x[atA[i]], y[atB[i]]);
  }
  return toBytes(resultElement(op), out);
}

static Result evaluateSelect(SelectOp op, Operands operands) {
  ArrayRef<int64_t> shape = resultShape(op);
  SmallVector<std::vector<int64_t>> at;
  for (const Operand &operand : operands)
    at.push_back(stridedPositions(
        shape, broadcastStrides(operand.type.getShape(), shape)));
  unsigned size = elementBytes(resultElement(op));
  std::vector<char> out(at[0].size() * size);
  for (size_t i = 0; i < at[0].size(); ++i) {
    unsigned pick = operands[0].bytes[at[0][i]] ? 1 : 2;
    memcpy(out.data() + i * size,
           operands[pick].bytes.data() + at[pick][i] * size, size);
  }
  return out;
}

static Result evaluateCast(CastOp op, const Operand &x) {
  Type to = resultElement(op);
  if (x.isFloat() && isa<FloatType>(to))
    return toBytes(to, x.doubles());
  if (!x.isFloat()) {
    std::vector<int64_t> values = x.ints();
    if (isa<FloatType>(to) && x.type.getElementType().isUnsignedInteger(64))
      return toBytes(to, x.doubles());
    if (to.isInteger(1))
      for (int64_t &value : values)
        value = value != 0;
    return toBytes(to, values);
  }
  std::vector<double> values = x.doubles();
  std::vector<int64_t> out(values.size());
  for (auto [i, value] : llvm::enumerate(values)) {
    if (to.isInteger(1)) {
      out[i] = value != 0;
      continue;
    }
    // What lies outside of the type's range is the target's affair.
    if (!(std::abs(value) < 9.2e18))
      return std::nullopt;
    out[i] = int64_t(value);
  }
  return toBytes(to, out);
}

static Result evaluateBitcast(BitcastOp op, const Operand &x) {
  std::vector<char> bytes(x.bytes.begin(), x.bytes.end());
  if (resultElement(op).isInteger(1))
    for (char &byte : bytes)
      byte = byte != 0;
  return bytes;
}

Result evaluation::evaluateElementwise(Operation *op, Operands operands) {
  return TypeSwitch<Operation *, Result>(op)
      .Case([&](UnaryOp o) { return evaluateUnary(o, operands[0]); })
      .Case([&](BinaryOp o) {
        return evaluateBinary(o, operands[0], operands[1]);
      })
      .Case([&](CompareOp o) {
        return evaluateCompare(o, operands[0], operands[1]);
      })
      .Case([&](SelectOp o) { return evaluateSelect(o, operands); })
      .Case([&](CastOp o) { return evaluateCast(o, operands[0]); })
      .Case([&](BitcastOp o) { return evaluateBitcast(o, operands[0]); })
      .Default([](Operation *) { return Result(); });
}
