// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Tensor.h"

#include "compiler/support/Constants.h"

#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace mlir;
using namespace visir::reference;

namespace {
/// A binary float format: bits of the significand with the hidden one, and
/// the exponent of the smallest subnormal and of the largest power of two.
struct FloatFormat {
  int precision, smallest, largest;
};
} // namespace

static FloatFormat formatOf(Type element) {
  const llvm::fltSemantics &semantics =
      cast<FloatType>(element).getFloatSemantics();
  int precision = APFloat::semanticsPrecision(semantics);
  return {precision, APFloat::semanticsMinExponent(semantics) - precision + 1,
          APFloat::semanticsMaxExponent(semantics)};
}

static double roundToFormat(const FloatFormat &format, double value) {
  if (value == 0 || !std::isfinite(value))
    return value;
  int last =
      std::max(std::ilogb(value) - format.precision + 1, format.smallest);
  double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -last)), last);
  if (rounded != 0 && std::ilogb(rounded) > format.largest)
    return std::copysign(HUGE_VAL, value);
  return rounded;
}

double visir::reference::roundToElement(Type element, double value) {
  if (element.isF64())
    return value;
  if (element.isF32())
    return static_cast<double>(static_cast<float>(value));
  return roundToFormat(formatOf(element), value);
}

/// The first value that rounds to infinity in f32.
static constexpr double f32Overflow = 0x1.ffffffp127;

void visir::reference::roundResults(Type element, double *values,
                                    int64_t count) {
  if (element.isF64())
    return;
  if (element.isF32()) {
    for (int64_t i = 0; i < count; ++i)
      if (std::fabs(values[i]) >= f32Overflow)
        values[i] = std::copysign(HUGE_VAL, values[i]);
    return;
  }
  FloatFormat format = formatOf(element);
  for (int64_t i = 0; i < count; ++i)
    values[i] = roundToFormat(format, values[i]);
}

int64_t visir::reference::wrapToElement(Type element, int64_t value) {
  unsigned width = element.getIntOrFloatBitWidth();
  if (width == 64)
    return value;
  uint64_t low = uint64_t(value) & ((uint64_t(1) << width) - 1);
  if (element.isUnsignedInteger() || width == 1)
    return int64_t(low);
  uint64_t sign = uint64_t(1) << (width - 1);
  return int64_t((low ^ sign) - sign);
}

Tensor::Tensor(RankedTensorType type)
    : tensorType(type),
      storage(std::calloc(std::max<int64_t>(type.getNumElements(), 1), 8),
              std::free) {}

Tensor Tensor::fromBytes(RankedTensorType type, ArrayRef<char> bytes) {
  Tensor result(type);
  Type element = type.getElementType();
  int64_t size = type.getNumElements();
  if (element.isF32()) {
    double *to = result.data<double>();
    for (int64_t i = 0; i < size; ++i) {
      float value;
      std::memcpy(&value, bytes.data() + i * 4, 4);
      to[i] = value;
    }
  } else if (result.isFloat()) {
    double *to = result.data<double>();
    for (int64_t i = 0; i < size; ++i)
      to[i] = elementAsDouble(bytes, element, i);
  } else {
    int64_t *to = result.data<int64_t>();
    for (int64_t i = 0; i < size; ++i)
      to[i] = elementAsInt(bytes, element, i);
  }
  return result;
}

SmallVector<char> Tensor::toBytes() const {
  SmallVector<char> bytes(tensorBytes(tensorType));
  for (int64_t i = 0, e = size(); i < e; ++i) {
    if (isFloat())
      storeDouble(bytes, element(), i, data<double>()[i]);
    else
      storeInt(bytes, element(), i, data<int64_t>()[i]);
  }
  return bytes;
}

double Tensor::asDouble(int64_t index) const {
  if (isFloat())
    return data<double>()[index];
  int64_t value = data<int64_t>()[index];
  return isUnsigned64() ? double(uint64_t(value)) : double(value);
}

Tensor Tensor::withType(RankedTensorType type) const {
  assert(type.getNumElements() == size());
  Tensor result = *this;
  result.tensorType = type;
  return result;
}

Tensor Tensor::clone() const {
  Tensor result(tensorType);
  std::memcpy(result.storage.get(), storage.get(), size() * 8);
  return result;
}

void Tensor::finish() {
  if (isFloat())
    return roundResults(element(), data<double>(), size());
  int64_t *values = data<int64_t>();
  for (int64_t i = 0, e = size(); i < e; ++i)
    values[i] = wrapToElement(element(), values[i]);
}
