// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"

#include "dialects/visir/Visir.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"

#include <cmath>

using namespace mlir;
using namespace visir;

unsigned visir::elementBytes(Type element) {
  return std::max(1u, element.getIntOrFloatBitWidth() / 8);
}

int64_t visir::tensorBytes(RankedTensorType type) {
  return type.getNumElements() * elementBytes(type.getElementType());
}

ElementsAttr visir::makeConstant(RankedTensorType type, ArrayRef<char> bytes) {
  assert(int64_t(bytes.size()) == tensorBytes(type) &&
         "constant has the wrong number of bytes");
  llvm::SHA256 hash;
  std::string typeText;
  llvm::raw_string_ostream(typeText) << type;
  hash.update(typeText);
  hash.update(StringRef(bytes.data(), bytes.size()));
  std::string name = "c" + llvm::toHex(hash.final(), true).substr(0, 32);
  auto &interface =
      DenseResourceElementsHandle::getManagerInterface(type.getContext());
  if (auto *entry = interface.getBlobManager().lookup(name)) {
    auto *dialect = type.getContext()->getOrLoadDialect<BuiltinDialect>();
    return DenseResourceElementsAttr::get(
        type, DenseResourceElementsHandle(entry, dialect));
  }
  // What it copies from must not be null, even if there is nothing to copy.
  AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
      bytes.empty() ? ArrayRef<char>("", size_t(0)) : bytes, /*align=*/64,
      /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

ElementsAttr visir::makeSplat(RankedTensorType type, double value) {
  SmallVector<char> bytes(tensorBytes(type));
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
    storeDouble(bytes, type.getElementType(), i, value);
  return makeConstant(type, bytes);
}

ElementsAttr visir::makeConstant(RankedTensorType type,
                                 ArrayRef<int64_t> values) {
  SmallVector<char> bytes(tensorBytes(type));
  for (auto [i, value] : llvm::enumerate(values))
    storeInt(bytes, type.getElementType(), i, value);
  return makeConstant(type, ArrayRef<char>(bytes));
}

ElementsAttr visir::makeConstant(RankedTensorType type,
                                 ArrayRef<double> values) {
  SmallVector<char> bytes(tensorBytes(type));
  for (auto [i, value] : llvm::enumerate(values))
    storeDouble(bytes, type.getElementType(), i, value);
  return makeConstant(type, ArrayRef<char>(bytes));
}

ArrayRef<char> visir::constantBytes(ElementsAttr value,
                                    SmallVectorImpl<char> &storage) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  auto type = cast<RankedTensorType>(value.getShapedType());
  Type element = type.getElementType();
  storage.resize(tensorBytes(type));
  auto dense = cast<DenseElementsAttr>(value);
  if (isa<FloatType>(element)) {
    for (auto [i, v] : llvm::enumerate(dense.getValues<APFloat>())) {
      APInt bits = v.bitcastToAPInt();
      uint64_t raw = bits.getZExtValue();
      memcpy(storage.data() + i * elementBytes(element), &raw,
             elementBytes(element));
    }
    return storage;
  }
  for (auto [i, v] : llvm::enumerate(dense.getValues<APInt>()))
    storeInt(storage, element, i,
             element.isInteger(1) ? int64_t(v.getZExtValue())
                                  : v.getSExtValue());
  return storage;
}

ElementsAttr visir::constantOf(Value value) {
  if (auto constant = value.getDefiningOp<ConstantOp>())
    return constant.getValue();
  return {};
}

/// The float semantics of an element type.
static const llvm::fltSemantics &semanticsOf(Type element) {
  return cast<FloatType>(element).getFloatSemantics();
}

double visir::elementAsDouble(ArrayRef<char> bytes, Type element,
                              int64_t index) {
  if (!isa<FloatType>(element)) {
    if (element.isUnsignedInteger(64))
      return double(uint64_t(elementAsInt(bytes, element, index)));
    return double(elementAsInt(bytes, element, index));
  }
  unsigned size = elementBytes(element);
  const char *at = bytes.data() + index * size;
  if (element.isF32()) {
    float value;
    memcpy(&value, at, 4);
    return value;
  }
  if (element.isF64()) {
    double value;
    memcpy(&value, at, 8);
    return value;
  }
  uint64_t raw = 0;
  memcpy(&raw, at, size);
  APFloat value(semanticsOf(element), APInt(size * 8, raw));
  bool inexact;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &inexact);
  return value.convertToDouble();
}

int64_t visir::elementAsInt(ArrayRef<char> bytes, Type element,
                            int64_t index) {
  unsigned size = elementBytes(element);
  if (isa<FloatType>(element))
    return int64_t(elementAsDouble(bytes, element, index));
  uint64_t raw = 0;
  memcpy(&raw, bytes.data() + index * size, size);
  if (element.isUnsignedInteger() || element.isInteger(1))
    return int64_t(raw);
  return llvm::SignExtend64(raw, size * 8);
}

void visir::storeDouble(MutableArrayRef<char> bytes, Type element,
                        int64_t index, double value) {
  unsigned size = elementBytes(element);
  char *at = bytes.data() + index * size;
  if (element.isInteger(1)) {
    *at = value != 0;
    return;
  }
  if (!isa<FloatType>(element)) {
    storeInt(bytes, element, index,
             element.isUnsignedInteger(64) ? int64_t(uint64_t(value))
                                           : int64_t(value));
    return;
  }
  APFloat converted(value);
  bool inexact;
  converted.convert(semanticsOf(element), APFloat::rmNearestTiesToEven,
                    &inexact);
  uint64_t raw = converted.bitcastToAPInt().getZExtValue();
  memcpy(at, &raw, size);
}

void visir::storeInt(MutableArrayRef<char> bytes, Type element, int64_t index,
                     int64_t value) {
  if (isa<FloatType>(element)) {
    storeDouble(bytes, element, index, double(value));
    return;
  }
  unsigned size = elementBytes(element);
  memcpy(bytes.data() + index * size, &value, size);
}

std::optional<SmallVector<int64_t>> visir::constantInts(Value value) {
  ElementsAttr constant = value ? constantOf(value) : ElementsAttr();
  auto type = constant ? cast<RankedTensorType>(constant.getShapedType())
                       : RankedTensorType();
  if (!constant || !isa<IntegerType>(type.getElementType()))
    return std::nullopt;
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constant, storage);
  SmallVector<int64_t> values;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
    values.push_back(elementAsInt(bytes, type.getElementType(), i));
  return values;
}

std::optional<SmallVector<double>> visir::constantDoubles(Value value) {
  ElementsAttr constant = value ? constantOf(value) : ElementsAttr();
  if (!constant)
    return std::nullopt;
  auto type = cast<RankedTensorType>(constant.getShapedType());
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(constant, storage);
  SmallVector<double> values;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
    values.push_back(elementAsDouble(bytes, type.getElementType(), i));
  return values;
}
