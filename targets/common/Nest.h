// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the points of a domain lie in memory. An access and the tensor's
// layout together give a linear offset in elements; coordinates that must be
// tested or that come from index loads stay apart.
#ifndef VISIR_TARGETS_COMMON_NEST_H
#define VISIR_TARGETS_COMMON_NEST_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"

namespace visir {

/// offset + sum of factors[d] * index of dimension d.
struct LinearExpr {
  int64_t offset = 0;
  llvm::SmallVector<int64_t> factors;

  bool dependsOn(unsigned dim) const { return factors[dim] != 0; }
};

/// A coordinate of a tensor, 0 <= coordinate < extent when it is valid.
struct Coordinate {
  LinearExpr expr;
  int64_t extent = 0;
  int64_t stride = 0; ///< elements in memory per step
  int indexLoad = -1; ///< load whose integer is added, or -1
};

/// One load or store of a dispatch.
struct NestAccess {
  /// Offset in elements without what index loads add. Factors are per domain
  /// dimension, then one for the symbol of a topk's store.
  LinearExpr address;
  llvm::SmallVector<Coordinate> checks;  ///< may be outside: gives `fill`
  llvm::SmallVector<Coordinate> indexed; ///< coordinates from index loads
  bool padded = false;                   ///< indices may be outside too
  mlir::Type element;                    ///< the tensor's own element type
  double fill = 0;

  bool isPlain() const { return checks.empty() && indexed.empty(); }
  bool dependsOn(unsigned dim) const;
};

/// A dimension of a nest of loops.
struct NestDim {
  int64_t extent;
  bool reduction;
};

/// A dispatch's domain and accesses as numbers, free of MLIR's maps, so that
/// dimensions can be joined and reordered.
struct Nest {
  llvm::SmallVector<NestDim> dims;
  std::vector<NestAccess> loads, stores;

  unsigned parallelRank() const;
  /// Product of the extents of the parallel / the reduction dimensions.
  int64_t parallelPoints() const;
  int64_t reductionPoints() const;
};

/// The access to a tensor over `op`'s domain; `symbols` is 1 for a topk's
/// stores. Fails when the tensor's layout is tiled.
mlir::FailureOr<NestAccess> nestAccess(AccessAttr access,
                                       mlir::RankedTensorType type,
                                       unsigned symbols = 0);

/// The nest of a dispatch; an error is reported when a layout is tiled.
mlir::FailureOr<Nest> buildNest(DispatchOp op);

/// Calls `visit` with every linear expression of the nest.
void forEachExpr(Nest &nest, llvm::function_ref<void(LinearExpr &)> visit);

/// Drops dimensions of extent 1 and joins neighbours that every access walks
/// as one; keeps at least one dimension of each kind that the nest has.
void collapse(Nest &nest);

/// Puts the dimensions in the given order.
void permute(Nest &nest, llvm::ArrayRef<unsigned> order);

/// offset + sum of factors * indices, of index type.
mlir::Value emitLinear(mlir::OpBuilder &b, mlir::Location loc,
                       const LinearExpr &expr, mlir::ValueRange indices);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_NEST_H
