// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Windows whose weights no two results beside each other differ in (depthwise
// convolutions): each thread has several results whose windows overlap, so that
// what it reads of one operand serves several of them from registers.
#ifndef VISIR_TARGETS_COMMON_TILED_WINDOW_H
#define VISIR_TARGETS_COMMON_TILED_WINDOW_H

#include "targets/common/Nest.h"
#include "targets/common/scalar/ScalarKernel.h"
#include "targets/common/tiled/Workgroup.h"

namespace visir::tiled {

/// A parallel dimension along which windows slide and the reduction dimension
/// inside of them: the operand is read at place * stride + tap * dilation, in
/// units that both have in common.
struct WindowAxis {
  unsigned place, tap; ///< dimensions of the nest
  int64_t stride, dilation;
  int64_t results = 1; ///< of a thread
  int64_t taps = 1;    ///< that are written out at a time

  /// Where a thread's results and the taps at a time read, each place once, in
  /// order.
  struct Position {
    int64_t result, tap; ///< the first result that reads there
    int64_t at;
  };
  llvm::SmallVector<Position> positions(int64_t ofTaps) const;
};

struct WindowPlan {
  Nest nest;         ///< parallel dimensions in the order of the result
  mlir::Type element; ///< of the products and their sum
  unsigned input = 0; ///< operand of the prologue's yield; the other: weights
  llvm::SmallVector<WindowAxis, 3> axes; ///< the fastest tap last
  llvm::SmallVector<unsigned, 4> outer;  ///< reduction dimensions beside taps
  /// Neighbours along the last parallel dimension, which is no axis, that a
  /// thread computes.
  int64_t neighbours = 1;
  bool weightsMove = false; ///< the weights differ among neighbours
  int64_t groupThreads = 128;

  int64_t threads() const { return groupThreads; }
  /// How many threads have results along a parallel dimension.
  int64_t threadsAlong(unsigned dim) const;
  int64_t threadCount() const;
  int64_t groups() const {
    return llvm::divideCeil(threadCount(), groupThreads);
  }
};

/// The plan of a `contract` dispatch without layouts; failure where windows do
/// not overlap or weights differ among places.
mlir::FailureOr<WindowPlan> planWindow(DispatchOp op,
                                       const GroupLimits &limits);

/// As emitProduct, but threads need nothing of each other.
void emitWindow(mlir::OpBuilder &b, DispatchOp op, const WindowPlan &plan,
                mlir::Value group, mlir::Value thread,
                scalar::Memory &memory);

} // namespace visir::tiled

#endif // VISIR_TARGETS_COMMON_TILED_WINDOW_H
