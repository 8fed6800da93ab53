// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluation of graph ops on constants, for folding. Floats are computed in
// f64 and rounded once to the result's type, integers in 64 bits and wrapped.
#ifndef VISIR_COMPILER_ANALYSIS_EVALUATE_H
#define VISIR_COMPILER_ANALYSIS_EVALUATE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

#include <optional>
#include <vector>

namespace visir {

/// The single result of `op` for these operands; nothing when the op is not
/// among those that are evaluated, or when it would fail (an index out of
/// range, an integer division by zero).
std::optional<mlir::ElementsAttr>
evaluate(mlir::Operation *op, llvm::ArrayRef<mlir::ElementsAttr> operands);

namespace evaluation {

/// A constant operand: its type and its bytes, row-major.
struct Operand {
  mlir::RankedTensorType type;
  llvm::ArrayRef<char> bytes;

  int64_t count() const { return type.getNumElements(); }
  bool isFloat() const {
    return llvm::isa<mlir::FloatType>(type.getElementType());
  }
  std::vector<double> doubles() const;
  std::vector<int64_t> ints() const;
};

using Operands = llvm::ArrayRef<Operand>;
using Result = std::optional<std::vector<char>>;

/// Each family's part: the result's bytes, or nothing.
Result evaluateElementwise(mlir::Operation *op, Operands operands);
Result evaluateMovement(mlir::Operation *op, Operands operands);
Result evaluateReduce(mlir::Operation *op, Operands operands);
Result evaluateRandom(mlir::Operation *op, Operands operands);

/// The bytes of a result from wide values.
std::vector<char> toBytes(mlir::Type element, llvm::ArrayRef<double> values);
std::vector<char> toBytes(mlir::Type element, llvm::ArrayRef<int64_t> values);

/// For each element of `shape`, row-major, the element that it reads of a
/// tensor with these strides (one per dimension of `shape`).
std::vector<int64_t> stridedPositions(llvm::ArrayRef<int64_t> shape,
                                      llvm::ArrayRef<int64_t> strides,
                                      int64_t offset = 0);
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);
/// The strides with which `from` is read when it broadcasts to `to`.
llvm::SmallVector<int64_t> broadcastStrides(llvm::ArrayRef<int64_t> from,
                                            llvm::ArrayRef<int64_t> to);

} // namespace evaluation
} // namespace visir

#endif // VISIR_COMPILER_ANALYSIS_EVALUATE_H
