// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Follows what a function computes from the peaks of heatmaps: each element
// of each tensor that depends on their indices, as an expression.
#ifndef VISIR_COMPILER_TRANSFORMS_RECOGNISE_PEAKTRACE_H
#define VISIR_COMPILER_TRANSFORMS_RECOGNISE_PEAKTRACE_H

#include "compiler/transforms/recognise/Algebra.h"
#include "dialects/visir/Visir.h"

#include "llvm/ADT/DenseMap.h"

namespace visir {

/// The maps whose largest elements `op` (an arg_reduce or a topk of one) finds
/// or gives (a reduce), each over the last two dimensions of the result; null
/// when it does something else.
mlir::Value heatmapsOf(mlir::Operation *op);

class PeakTrace {
public:
  using Exprs = std::vector<Expr>;

  /// The peaks of `heatmaps`, at least `margin` elements from the border.
  PeakTrace(mlir::Value heatmaps, int64_t margin);

  /// Follows the ops of `block`.
  void run(mlir::Block &block);

  Algebra algebra;
  /// The traced tensors' elements, row-major.
  llvm::DenseMap<mlir::Value, Exprs> known;
  /// Those values, in order.
  llvm::SmallVector<mlir::Value> order;
  /// Tensors that cells are elements of, by number; heatmaps are the first.
  llvm::SmallVector<mlir::Value> tensors;
  int64_t maps; ///< number of heatmaps

private:
  using Result = std::optional<Exprs>;
  using Indices = llvm::ArrayRef<Expr>;

  void setKnown(mlir::Value value, Exprs exprs);
  bool seed(mlir::Operation *op);
  Result exprsOf(mlir::Value value);
  Result trace(mlir::Operation *op);
  Result elementwise(mlir::Operation *op,
                     llvm::function_ref<Expr(llvm::ArrayRef<Expr>)> fn);
  Expr unary(UnaryOp op, Expr a);
  Expr binary(BinaryOp op, Expr a, Expr b);
  Expr compare(CompareKind kind, Expr a, Expr b);
  Expr cast(mlir::Type from, mlir::Type to, Expr a);
  Result moved(mlir::Operation *op);
  Result concat(ConcatOp op);
  Result reduce(ReduceOp op);
  Result softmax(SoftmaxOp op);
  Result matmul(MatMulOp op);
  Result gather(GatherOp op);
  Result gatherElements(GatherElementsOp op);
  Result gatherND(GatherNDOp op);
  Expr element(mlir::Value tensor, Indices index);
  Expr elementOf(mlir::Operation *op, Indices index);
  Expr fromTable(mlir::Value table, Indices index);
  Expr padded(PadOp op, Indices index);
  Expr cellOf(mlir::Value tensor, Indices index, std::optional<double> outside);
  Expr wrap(Expr index, int64_t extent);

  mlir::Value heatmaps;
};

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_RECOGNISE_PEAKTRACE_H
