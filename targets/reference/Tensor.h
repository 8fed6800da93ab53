// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of the reference interpreter. Every float is held as f64 and every
// integer as 64 bits, in row-major order of the logical shape; a layout of
// the type is ignored. f16 and bf16 tensors hold values that their type can
// hold; f32 tensors keep the precision of f64 but the range of f32.
#ifndef VISIR_TARGETS_REFERENCE_TENSOR_H
#define VISIR_TARGETS_REFERENCE_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Support/LLVM.h"

#include <memory>
#include <type_traits>

namespace visir::reference {

/// `value` as the float type `element` holds it (nearest even, overflow to
/// infinity).
double roundToElement(mlir::Type element, double value);

/// Makes results of type `element` of `count` values: f16 and bf16 round, f32
/// only overflows.
void roundResults(mlir::Type element, double *values, int64_t count);

/// The low bits of `value`, extended by the signedness of `element`; signless
/// integers count as signed, `i1` as unsigned.
int64_t wrapToElement(mlir::Type element, int64_t value);

/// A tensor of static shape. Copies share their elements.
class Tensor {
public:
  Tensor() = default;
  /// All elements zero.
  explicit Tensor(mlir::RankedTensorType type);
  /// From row-major little-endian elements, `i1` a byte each.
  static Tensor fromBytes(mlir::RankedTensorType type,
                          llvm::ArrayRef<char> bytes);
  /// Elements rounded to the type, in the form that `fromBytes` reads.
  llvm::SmallVector<char> toBytes() const;

  mlir::RankedTensorType type() const { return tensorType; }
  mlir::Type element() const { return tensorType.getElementType(); }
  llvm::ArrayRef<int64_t> shape() const { return tensorType.getShape(); }
  int64_t rank() const { return tensorType.getRank(); }
  int64_t size() const { return tensorType.getNumElements(); }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(element()); }
  bool isUnsigned64() const { return element().isUnsignedInteger(64); }
  explicit operator bool() const { return bool(tensorType); }

  /// The elements; `T` is double for floats, else int64_t.
  template <class T> T *data() {
    assert(isFloat() == std::is_floating_point_v<T>);
    return static_cast<T *>(storage.get());
  }
  template <class T> const T *data() const {
    return const_cast<Tensor *>(this)->data<T>();
  }

  /// Element `index` as a double, whatever the type.
  double asDouble(int64_t index) const;
  /// The same elements under another type of as many and equal elements.
  Tensor withType(mlir::RankedTensorType type) const;
  /// A copy that shares nothing.
  Tensor clone() const;
  /// Applies `roundResults` or `wrapToElement` to the elements.
  void finish();

private:
  mlir::RankedTensorType tensorType;
  std::shared_ptr<void> storage;
};

/// Calls `fn` with a double or an int64_t, whichever holds `element`.
template <class Fn> auto withStorage(mlir::Type element, Fn fn) {
  if (mlir::isa<mlir::FloatType>(element))
    return fn(double());
  return fn(int64_t());
}

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_TENSOR_H
