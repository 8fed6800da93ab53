// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Fold.h"

#include "compiler/support/Constants.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Larger tensors are weights; the phase `canonical` folds these within its
/// budget.
static constexpr int64_t kMaxFolded = 16384;

SmallVector<int64_t> visir::onnx::stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

SmallVector<int64_t> visir::onnx::broadcastStrides(ArrayRef<int64_t> shape,
                                                   size_t rank) {
  SmallVector<int64_t> out(rank, 0), own = stridesOf(shape);
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] != 1)
      out[rank - shape.size() + i] = own[i];
  return out;
}

void visir::onnx::forEachIndex(
    ArrayRef<int64_t> shape,
    llvm::function_ref<void(int64_t, ArrayRef<int64_t>)> body) {
  int64_t count = ShapedType::getNumElements(shape);
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    body(i, index);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}

static int64_t dot(ArrayRef<int64_t> index, ArrayRef<int64_t> strides) {
  int64_t sum = 0;
  for (auto [i, stride] : llvm::zip_equal(index, strides))
    sum += i * stride;
  return sum;
}

/// Functions whose double result, rounded once, is what any target gives too.
/// Others (exp, erf ...) stay, so that one implementation computes them.
static std::optional<double> evalUnary(UnaryKind kind, double x) {
  switch (kind) {
  case UnaryKind::Abs: return std::fabs(x);
  case UnaryKind::Neg: return -x;
  case UnaryKind::Ceil: return std::ceil(x);
  case UnaryKind::Floor: return std::floor(x);
  case UnaryKind::Round: return std::nearbyint(x);
  case UnaryKind::Sign: return double((x > 0) - (x < 0));
  case UnaryKind::Relu: return x < 0 ? 0 : x;
  case UnaryKind::Sqrt: return std::sqrt(x);
  case UnaryKind::Reciprocal: return 1 / x;
  default: return std::nullopt;
  }
}

static std::optional<int64_t> evalUnary(UnaryKind kind, int64_t x) {
  switch (kind) {
  case UnaryKind::Abs: return x < 0 ? int64_t(-uint64_t(x)) : x;
  case UnaryKind::Neg: return int64_t(-uint64_t(x));
  case UnaryKind::Not: return !x;
  case UnaryKind::Relu: return std::max<int64_t>(x, 0);
  case UnaryKind::Sign: return (x > 0) - (x < 0);
  default: return std::nullopt;
  }
}

static std::optional<double> evalBinary(BinaryKind kind, double a, double b) {
  switch (kind) {
  case BinaryKind::Add: return a + b;
  case BinaryKind::Sub: return a - b;
  case BinaryKind::Mul: return a * b;
  case BinaryKind::Div: return a / b;
  case BinaryKind::Max:
    return std::isnan(a) || std::isnan(b) ? NAN : std::max(a, b);
  case BinaryKind::Min:
    return std::isnan(a) || std::isnan(b) ? NAN : std::min(a, b);
  case BinaryKind::Pow:
    if (b == 2)
      return a * a;
    return b == 0.5 ? std::optional(std::sqrt(a)) : std::nullopt;
  default: return std::nullopt;
  }
}

/// Division of signed 64-bit values that cannot trap.
static std::optional<int64_t> evalDivision(BinaryKind kind, int64_t a,
                                           int64_t b) {
  if (b == 0 || (b == -1 && a == INT64_MIN))
    return std::nullopt;
  int64_t quotient = a / b, remainder = a % b;
  if (kind == BinaryKind::Div)
    return quotient;
  if (kind == BinaryKind::Fmod)
    return remainder;
  return remainder && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

static std::optional<int64_t> evalBinary(BinaryKind kind, int64_t a,
                                         int64_t b) {
  switch (kind) {
  case BinaryKind::Add: return int64_t(uint64_t(a) + uint64_t(b));
  case BinaryKind::Sub: return int64_t(uint64_t(a) - uint64_t(b));
  case BinaryKind::Mul: return int64_t(uint64_t(a) * uint64_t(b));
  case BinaryKind::Max: return std::max(a, b);
  case BinaryKind::Min: return std::min(a, b);
  case BinaryKind::And: return a && b;
  case BinaryKind::Or: return a || b;
  case BinaryKind::Xor: return bool(a) != bool(b);
  case BinaryKind::BitAnd: return a & b;
  case BinaryKind::BitOr: return a | b;
  case BinaryKind::BitXor: return a ^ b;
  case BinaryKind::Div:
  case BinaryKind::Mod:
  case BinaryKind::Fmod: return evalDivision(kind, a, b);
  default: return std::nullopt;
  }
}

template <typename T> static bool evalCompare(CompareKind kind, T a, T b) {
  switch (kind) {
  case CompareKind::Equal: return a == b;
  case CompareKind::NotEqual: return a != b;
  case CompareKind::Less: return a < b;
  case CompareKind::LessEqual: return a <= b;
  case CompareKind::Greater: return a > b;
  case CompareKind::GreaterEqual: return a >= b;
  }
  llvm_unreachable("all kinds are handled");
}

namespace {

/// Reads operands at an index of the result, as broadcasting says.
class Reader {
public:
  Reader(ArrayRef<FoldTensor> operands, size_t rank) : operands_(operands) {
    for (const FoldTensor &operand : operands)
      strides_.push_back(broadcastStrides(operand.shape(), rank));
  }
  double real(unsigned i, ArrayRef<int64_t> index) const {
    return elementAsDouble(operands_[i].bytes, operands_[i].element(),
                           dot(index, strides_[i]));
  }
  int64_t integer(unsigned i, ArrayRef<int64_t> index) const {
    return elementAsInt(operands_[i].bytes, operands_[i].element(),
                        dot(index, strides_[i]));
  }

private:
  ArrayRef<FoldTensor> operands_;
  SmallVector<SmallVector<int64_t>> strides_;
};

} // namespace

/// Converts one element; false for a float that the integer cannot hold.
static bool castElement(const Reader &reader, ArrayRef<int64_t> index,
                        Type from, Type to, FoldOut out, int64_t at) {
  if (!isa<FloatType>(from)) {
    int64_t value = reader.integer(0, index);
    if (to.isInteger(1))
      storeInt(out, to, at, value != 0);
    else if (isa<FloatType>(to))
      storeDouble(out, to, at, reader.real(0, index));
    else
      storeInt(out, to, at, value);
    return true;
  }
  double value = reader.real(0, index);
  if (to.isInteger(1)) {
    storeInt(out, to, at, value != 0);
    return true;
  }
  if (isa<IntegerType>(to) && !(std::fabs(value) < 9.2e18))
    return false;
  storeDouble(out, to, at, value);
  return true;
}

bool visir::onnx::foldElementwise(Operation *op,
                                  ArrayRef<FoldTensor> operands,
                                  RankedTensorType type, FoldOut out) {
  Type element = type.getElementType();
  Type source = operands.back().element();
  bool isFloat = isa<FloatType>(source);
  // 64-bit unsigned values do not fit the signed arithmetic below.
  if (source.isUnsignedInteger(64))
    return false;
  Reader reader(operands, type.getRank());
  bool ok = true;
  auto store = [&](auto value, int64_t at) {
    if (!value)
      ok = false;
    else if constexpr (std::is_same_v<decltype(value), std::optional<double>>)
      storeDouble(out, element, at, *value);
    else
      storeInt(out, element, at, *value);
  };
  forEachIndex(type.getShape(), [&](int64_t at, ArrayRef<int64_t> index) {
    if (!ok)
      return;
    if (auto unary = dyn_cast<UnaryOp>(op)) {
      if (isFloat)
        store(evalUnary(unary.getKind(), reader.real(0, index)), at);
      else
        store(evalUnary(unary.getKind(), reader.integer(0, index)), at);
    } else if (auto binary = dyn_cast<BinaryOp>(op)) {
      if (isa<FloatType>(operands[0].element()))
        store(evalBinary(binary.getKind(), reader.real(0, index),
                         reader.real(1, index)),
              at);
      else if (!isFloat)
        store(evalBinary(binary.getKind(), reader.integer(0, index),
                         reader.integer(1, index)),
              at);
      else
        ok = false;
    } else if (auto compare = dyn_cast<CompareOp>(op)) {
      bool value = isFloat ? evalCompare(compare.getKind(),
                                         reader.real(0, index),
                                         reader.real(1, index))
                           : evalCompare(compare.getKind(),
                                         reader.integer(0, index),
                                         reader.integer(1, index));
      storeInt(out, element, at, value);
    } else if (isa<SelectOp>(op)) {
      unsigned chosen = reader.integer(0, index) ? 1 : 2;
      if (isFloat)
        storeDouble(out, element, at, reader.real(chosen, index));
      else
        storeInt(out, element, at, reader.integer(chosen, index));
    } else {
      ok = castElement(reader, index, source, element, out, at);
    }
  });
  return ok;
}

static bool fold(Operation *op, ArrayRef<FoldTensor> operands,
                 RankedTensorType type, FoldOut out) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<UnaryOp, BinaryOp, CompareOp, SelectOp, CastOp>(
          [&](auto) { return foldElementwise(op, operands, type, out); })
      .Case<ReduceOp, CumSumOp>(
          [&](auto) { return foldReduction(op, operands, type, out); })
      .Default([&](Operation *) {
        return foldMovement(op, operands, type, out);
      });
}

ElementsAttr visir::onnx::foldConstants(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() == 0)
    return {};
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!type.hasStaticShape() || type.getNumElements() > kMaxFolded)
    return {};
  for (Value operand : op->getOperands()) {
    auto in = dyn_cast<RankedTensorType>(operand.getType());
    if (!constantOf(operand) || !in || in.getNumElements() > kMaxFolded)
      return {};
  }
  SmallVector<SmallVector<char>> storage(op->getNumOperands());
  SmallVector<FoldTensor> operands;
  for (auto [operand, bytes] : llvm::zip(op->getOperands(), storage))
    operands.push_back({cast<RankedTensorType>(operand.getType()),
                        constantBytes(constantOf(operand), bytes)});
  SmallVector<char> out(tensorBytes(type));
  if (!fold(op, operands, type, out))
    return {};
  return makeConstant(type, ArrayRef<char>(out));
}
