// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What rows of tensors are made of: which rows of one tensor are equal,
// whatever the inputs, and which anybody needs. A row is all that a tensor has
// at one place of its row axes; the other axes are its features.
#ifndef VISIR_COMPILER_TRANSFORMS_ROWS_ROWFLOW_H
#define VISIR_COMPILER_TRANSFORMS_ROWS_ROWFLOW_H

#include "dialects/visir/Visir.h"

#include "llvm/ADT/DenseMap.h"

#include <vector>

namespace visir {

/// The rows of a value, numbered row-major over `axes`.
struct RowView {
  llvm::SmallVector<int64_t> axes;
  /// Rows with equal labels are equal; 0, 1 ... as they come up.
  std::vector<int32_t> labels;
  std::vector<bool> needed;

  int64_t count() const { return labels.size(); }
  /// Whether the features are the last axis alone.
  bool isPlain(int64_t rank) const { return int64_t(axes.size()) + 1 == rank; }
};

/// How rows of an op's only result come from rows of its operands.
struct RowFlow {
  enum Kind {
    Wise,     ///< each from one row of each operand
    Copy,     ///< each is a row of the one operand
    Move,     ///< copies with other features, or of several operands
    Attention ///< of queries, and of all keys and values, or those before it
  } kind;
  /// For each operand the row that each row of the result reads: -1 for none.
  /// Empty for the row of the same number.
  llvm::SmallVector<std::vector<int32_t>> reads;
  /// Operands that are the same for all rows.
  llvm::SmallVector<bool> isShared;
};

class RowAnalysis {
public:
  explicit RowAnalysis(mlir::Block &block);

  /// Null where nothing is known.
  const RowView *viewOf(mlir::Value value) const;
  const RowFlow *flowOf(mlir::Operation *op) const;
  /// The row of operand `number` that makes row `row` of the op's result.
  int32_t readRow(mlir::Operation *op, unsigned number, int32_t row) const;

private:
  RowView *view(mlir::Value value);
  void visit(mlir::Operation *op);
  bool visitRowWise(mlir::Operation *op);
  bool visitMove(MoveOp op);
  bool visitAttention(AttentionOp op);
  bool visitGather(GatherNDOp op);
  void setDistinct(mlir::Value value);
  void setConstant(mlir::Value value);
  void need(mlir::Operation *op);
  void needAttention(AttentionOp op);

  llvm::DenseMap<mlir::Value, RowView> views;
  llvm::DenseMap<mlir::Operation *, RowFlow> flows;
};

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_ROWS_ROWFLOW_H
