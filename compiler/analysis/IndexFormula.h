// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer tensors as sums of one table per dimension. Exporters spell a slice
// as one index vector per dimension, broadcast and put side by side: hundreds
// of megabytes as a tensor, a few numbers as a formula.
#ifndef VISIR_COMPILER_ANALYSIS_INDEXFORMULA_H
#define VISIR_COMPILER_ANALYSIS_INDEXFORMULA_H

#include "compiler/analysis/StridedBox.h"

#include "mlir/IR/Value.h"

namespace visir {

/// Element (i, j ...) is base + tables[0][i] + tables[1][j] + ...; a dimension
/// that does not count has an empty table, others start with 0.
struct IndexFormula {
  llvm::SmallVector<int64_t> shape;
  int64_t base = 0;
  llvm::SmallVector<llvm::SmallVector<int64_t>> tables;

  /// The formula of a constant, or of what movement, sums and differences make
  /// of constants; nothing if there is none.
  static std::optional<IndexFormula> of(mlir::Value value);

  /// Whether only dimension `dim` counts, if any.
  bool dependsOnlyOn(unsigned dim) const;
};

/// Index vectors along the last dimension of `indices` as an access of the
/// other dimensions onto the leading ones of a tensor of shape `shape`. Nothing
/// unless all are inside; indices from the end are brought into it.
std::optional<LinearAccess> affineIndices(mlir::Value indices,
                                          llvm::ArrayRef<int64_t> shape);

} // namespace visir

#endif // VISIR_COMPILER_ANALYSIS_INDEXFORMULA_H
