// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Run-time sizes of an entry point, as the attributes of its function say
// them: `visir.symbols`, and `visir.dims` and `visir.length` of arguments and
// results.
#ifndef VISIR_COMPILER_PLAN_ENTRYSYMBOLS_H
#define VISIR_COMPILER_PLAN_ENTRYSYMBOLS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineMap.h"

#include <optional>

namespace visir {

class EntrySymbols {
public:
  explicit EntrySymbols(mlir::func::FuncOp func);

  mlir::ArrayAttr list() const { return symbols; }
  /// The number of the symbol whose value an expression is; nothing for a
  /// constant.
  std::optional<int64_t> indexOf(mlir::AffineExpr expr) const;
  /// The same for a constant that is an expression of its own.
  std::optional<int64_t> indexOfValue(mlir::AffineExpr expr) const;
  /// The symbol of each dimension, -1 where it is constant. `dims` may be
  /// null.
  llvm::SmallVector<int64_t> ofDims(mlir::AffineMapAttr dims,
                                    int64_t rank) const;

private:
  mlir::ArrayAttr symbols;
};

} // namespace visir

#endif // VISIR_COMPILER_PLAN_ENTRYSYMBOLS_H
