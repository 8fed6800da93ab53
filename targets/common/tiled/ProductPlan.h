// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How workgroups share a product (root contract): which dimensions are rows,
// columns and batches, and how large the tiles of groups and threads are.
#ifndef VISIR_TARGETS_COMMON_TILED_PRODUCTPLAN_H
#define VISIR_TARGETS_COMMON_TILED_PRODUCTPLAN_H

#include "targets/common/Nest.h"
#include "targets/common/tiled/Workgroup.h"

namespace visir::tiled {

/// One operand of the product: a function of rows (or columns) and depth.
struct ProductSide {
  unsigned yield = 0;                  ///< operand of the prologue's yield
  llvm::SmallVector<unsigned, 4> dims; ///< the last one is the fastest
  int64_t extent = 1;                  ///< points of dims
  int64_t tile = 1;                    ///< of them in a group's tile
  int64_t perThread = 1;               ///< of the tile in a thread's
  /// Neighbours in memory lie along the depth, not along dims.
  bool deepFast = false;
  bool checked = false; ///< what it reads may lie outside of a tensor

  int64_t threads() const { return tile / perThread; }
  int64_t tiles() const { return llvm::divideCeil(extent, tile); }
};

/// Where an element of a side's tile lies in shared memory: at place *
/// placeStride + depth * deepStride.
struct StageLayout {
  int64_t placeStride, deepStride, elements;
};

/// A product over the nest [batches, rows, columns | sums]. Groups go over
/// batches, tiles of columns and tiles of rows, the last ones the fastest; the
/// threads of a group over slices of the depth, rows and columns likewise.
struct ProductPlan {
  Nest nest;
  mlir::Type element; ///< of the products and their sum
  llvm::SmallVector<unsigned, 4> batches, sums;
  ProductSide rows, columns;
  int64_t batchCount = 1;
  int64_t sumCount = 1;
  int64_t depth = 1;  ///< points of the sum that lie in shared memory
  int64_t slices = 1; ///< parts of the depth, each with threads of its own
  /// Threads of a warp share a tile of 8 * rows.perThread by 4 *
  /// columns.perThread sums, as the device's matrix units hold it.
  bool matrix = false;
  /// Matrix units multiply the factors rounded to TF32, not in two parts.
  bool rounded = false;

  int64_t threads() const {
    return rows.threads() * columns.threads() * slices;
  }
  int64_t groups() const {
    return batchCount * rows.tiles() * columns.tiles();
  }
  int64_t steps() const { return llvm::divideCeil(sumCount, depth); }
  /// Points of the last dimension of the sum.
  int64_t innerSum() const;
  /// Whether a step stays at one point of all other dimensions, so that these
  /// have their digits and tests once for a step.
  bool stepsInside() const { return innerSum() % depth == 0; }
  /// An estimate of what the address of a staged element costs a core.
  double addressCycles(const ProductSide &side) const;
  StageLayout layoutOf(const ProductSide &side) const;
  /// Elements of the tiles of one step.
  int64_t stageElements() const {
    return layoutOf(rows).elements + layoutOf(columns).elements;
  }
  /// Elements of shared memory: the tiles of two steps, later the sums of all
  /// slices.
  int64_t sharedElements() const;
};

/// What a factor is before it is extended to f32: f16 or bf16; null: it is not
/// extended.
mlir::Value narrowFactor(DispatchOp op, unsigned yielded);

/// The nest and the roles of a `contract` dispatch's dimensions, without
/// tiles; failure where there is nothing to share or the type has no tiles.
mlir::FailureOr<ProductPlan> sortProduct(DispatchOp op);

/// The plan of a `contract` dispatch without layouts; failure where one
/// invocation for each point does as well or the type has no tiles.
mlir::FailureOr<ProductPlan> planProduct(DispatchOp op,
                                         const GroupLimits &limits);

} // namespace visir::tiled

#endif // VISIR_TARGETS_COMMON_TILED_PRODUCTPLAN_H
