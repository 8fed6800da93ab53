// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluation of small ops of constants while importing, so that operands such
// as shapes, axes and paddings are constants when an import asks for them.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_FOLD_H
#define VISIR_FRONTENDS_ONNX_IMPORT_FOLD_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/BuiltinAttributes.h"

namespace visir::onnx {

/// A constant's type and bytes.
struct FoldTensor {
  mlir::RankedTensorType type;
  llvm::ArrayRef<char> bytes;
  mlir::Type element() const { return type.getElementType(); }
  llvm::ArrayRef<int64_t> shape() const { return type.getShape(); }
};

/// Writes the result of an op; false when the op or its values are not
/// folded (then the output is meaningless).
using FoldOut = llvm::MutableArrayRef<char>;

/// The value of a fresh op of one result, when all of its operands are
/// constants and the work is small; else null.
mlir::ElementsAttr foldConstants(mlir::Operation *op);

bool foldElementwise(mlir::Operation *op, llvm::ArrayRef<FoldTensor> operands,
                     mlir::RankedTensorType type, FoldOut out);
bool foldMovement(mlir::Operation *op, llvm::ArrayRef<FoldTensor> operands,
                  mlir::RankedTensorType type, FoldOut out);
bool foldReduction(mlir::Operation *op, llvm::ArrayRef<FoldTensor> operands,
                   mlir::RankedTensorType type, FoldOut out);

/// Row-major strides in elements.
llvm::SmallVector<int64_t> stridesOf(llvm::ArrayRef<int64_t> shape);

/// Strides that read a tensor of `shape` as broadcast to `rank` dimensions.
llvm::SmallVector<int64_t> broadcastStrides(llvm::ArrayRef<int64_t> shape,
                                            size_t rank);

/// Calls `body(linear, index)` for each element of `shape` in order.
void forEachIndex(
    llvm::ArrayRef<int64_t> shape,
    llvm::function_ref<void(int64_t, llvm::ArrayRef<int64_t>)> body);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_FOLD_H
