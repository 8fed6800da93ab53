// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What kernels of products have in common: where groups and threads stand,
// and how sums reach the epilogue. How tiles come to shared memory and are
// multiplied is a kernel's own.
#ifndef VISIR_TARGETS_COMMON_TILED_PRODUCTFRAME_H
#define VISIR_TARGETS_COMMON_TILED_PRODUCTFRAME_H

#include "targets/common/scalar/Invocation.h"
#include "targets/common/tiled/ProductPlan.h"

namespace visir::tiled {

class ProductFrame {
public:
  ProductFrame(mlir::OpBuilder &b, DispatchOp op, const ProductPlan &plan,
               mlir::Value thread, scalar::Memory &memory)
      : at(b, op, plan.nest, memory), b(b), plan(plan), thread(thread) {}

protected:
  using Values = scalar::Invocation::Values;

  mlir::Value number(int64_t value) { return at.constant(value); }
  mlir::Value plus(mlir::Value x, mlir::Value y);
  mlir::Value times(mlir::Value x, int64_t factor);
  /// (x / divisor, x % divisor)
  std::pair<mlir::Value, mlir::Value> split(mlir::Value x, int64_t divisor);
  mlir::Value below(mlir::Value x, int64_t bound);
  /// What happens only if `condition`.
  mlir::Block *branch(mlir::Value condition);

  void placeGroup(mlir::Value group);
  void placeThread();
  /// Stands at point `point` of the side's dimensions.
  void placeSide(const ProductSide &side, mlir::Value point);
  /// Stands at `deep` of step `step` of the sum. Whether the sum has that
  /// point, null: always; beyond its end, or where `mayExceed` the step's depth,
  /// it is one of its last `run` points, of which a multiple begins there.
  mlir::Value placeSums(mlir::Value step, mlir::Value deep, bool mayExceed,
                        int64_t run = 1);

  /// Where a thread's row or column number i lies in the tile.
  mlir::Value rowOf(mlir::Value i);
  mlir::Value columnOf(int64_t j);
  /// Hands one sum to the epilogue if it is inside of the product.
  void finishAt(mlir::Value row, mlir::Value column, mlir::Value sum);
  /// Hands all sums of the thread's tile to it, rows after rows.
  void finish(Values sums);

  scalar::Invocation at;
  mlir::OpBuilder &b;
  const ProductPlan &plan;
  mlir::Value thread;
  mlir::Value tileRow, tileColumn; ///< first of the group's
  mlir::Value slice, firstRow, threadColumn;
  /// Of matrices: the first row and column of the warp, the thread in it, and
  /// its digits in fragments.
  mlir::Value warpRow, warpColumn, lane, laneGroup, lanePlace;

private:
  void placeLane();
};

} // namespace visir::tiled

#endif // VISIR_TARGETS_COMMON_TILED_PRODUCTFRAME_H
