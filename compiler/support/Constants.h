// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant tensors. Their bytes live outside of the IR as resources named by
// the digest of their content, so that equal constants are one; they are
// row-major, little-endian, and `i1` is a byte.
#ifndef VISIR_COMPILER_SUPPORT_CONSTANTS_H
#define VISIR_COMPILER_SUPPORT_CONSTANTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace visir {

/// Bytes of one element in memory (f32 4, i1 1, si64 8 ...).
unsigned elementBytes(mlir::Type element);

/// Bytes of a tensor of static shape, without regard to its layout.
int64_t tensorBytes(mlir::RankedTensorType type);

/// A constant that copies `bytes` (exactly `tensorBytes(type)` of them).
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type,
                                llvm::ArrayRef<char> bytes);

/// A constant of one value, rounded to the element type.
mlir::ElementsAttr makeSplat(mlir::RankedTensorType type, double value);

/// A constant of si64 or f32 / f64 values given in row-major order.
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type,
                                llvm::ArrayRef<int64_t> values);
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type,
                                llvm::ArrayRef<double> values);

/// The bytes of any constant. Resources are viewed in place and live as long
/// as the context; other attributes are expanded into `storage`.
llvm::ArrayRef<char> constantBytes(mlir::ElementsAttr value,
                                   llvm::SmallVectorImpl<char> &storage);

/// The constant that defines `value`, or null.
mlir::ElementsAttr constantOf(mlir::Value value);

/// Element `index` (row-major) of numeric bytes, converted.
double elementAsDouble(llvm::ArrayRef<char> bytes, mlir::Type element,
                       int64_t index);
int64_t elementAsInt(llvm::ArrayRef<char> bytes, mlir::Type element,
                     int64_t index);

/// Writes `value`, rounded to the element type, at element `index`.
void storeDouble(llvm::MutableArrayRef<char> bytes, mlir::Type element,
                 int64_t index, double value);
void storeInt(llvm::MutableArrayRef<char> bytes, mlir::Type element,
              int64_t index, int64_t value);

/// All elements of an integer constant, or nothing if `value` is not one.
std::optional<llvm::SmallVector<int64_t>> constantInts(mlir::Value value);

/// All elements of any constant as doubles, or nothing.
std::optional<llvm::SmallVector<double>> constantDoubles(mlir::Value value);

} // namespace visir

#endif // VISIR_COMPILER_SUPPORT_CONSTANTS_H
