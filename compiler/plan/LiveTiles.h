// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which part of a dispatch matters when dimensions are bounded: results say
// how far they are live (`visir.dims`), and what a dispatch needs of its
// operands follows, from the last dispatch to the first.
#ifndef VISIR_COMPILER_PLAN_LIVETILES_H
#define VISIR_COMPILER_PLAN_LIVETILES_H

#include "dialects/visir/Visir.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/DenseMap.h"

namespace visir {

/// Sizes by dimension; null where all of it is needed.
using LiveSizes = llvm::SmallVector<mlir::AffineExpr>;

class LiveDomains {
public:
  explicit LiveDomains(mlir::func::FuncOp func);

  /// How far each parallel dimension of the dispatch's domain is needed.
  /// What a point beyond computes reaches no live element of a result.
  LiveSizes of(DispatchOp op) const { return domains.lookup(op); }

private:
  void visit(DispatchOp op);
  LiveSizes domainOf(DispatchOp op);
  void demand(mlir::Value value, const LiveSizes &sizes);

  llvm::DenseMap<mlir::Value, LiveSizes> demands;
  llvm::DenseMap<mlir::Operation *, LiveSizes> domains;
};

} // namespace visir

#endif // VISIR_COMPILER_PLAN_LIVETILES_H
