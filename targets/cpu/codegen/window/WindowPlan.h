// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_WINDOW_WINDOWPLAN_H
#define VISIR_TARGETS_CPU_CODEGEN_WINDOW_WINDOWPLAN_H

#include "targets/cpu/codegen/nest/Columns.h"
#include "targets/cpu/codegen/nest/Windows.h"

namespace visir::cpu {

struct KernelWork;

/// A windowed reduction: its loops by role and its register tile.
struct WindowPlan {
  FlatNest nest;
  ReduceKind combiner = ReduceKind::Sum;
  /// Of what is combined, and of the result: f32 where sums are of f16.
  mlir::Type element, result;
  llvm::SmallVector<unsigned, 3> loads; ///< that the prologue uses
  unsigned vectorLoop = 0;
  int rowLoop = -1;
  bool sumsRow = false; ///< a store sums over the row loop
  llvm::SmallVector<unsigned, 4> outerLoops; ///< slowest first
  /// Window loops around the tile's code, then those written out in it.
  llvm::SmallVector<unsigned, 2> windowLoops, tapLoops;
  /// Too many taps to be written out: those at which all rows of a tile are
  /// inside of the tensor are a loop.
  bool manyTaps = false;
  llvm::SmallVector<Window, 2> windows;

  unsigned rows = 1, vectors = 1, lanes = 1;
  llvm::SmallVector<ColumnClass, 2> columnClasses;
  llvm::SmallVector<RowClass, 4> rowClasses;
  /// Blocks of vectors are the outer loop of a piece, so that the rows which
  /// their windows share stay in the first-level cache.
  bool blocksOutside = false;
  int64_t outerPerPiece = 1, blocksPerPiece = 1;
  int64_t outerCount = 1, blockCount = 1;
  uint32_t tileCount = 1;
  /// Accesses and products of one row of windows, per vector and window row.
  double rowCost = 0;

  int64_t extent(unsigned loop) const { return nest.loops[loop].extent; }
  /// Steps of the written-out loop.
  int64_t taps() const { return tapLoops.empty() ? 1 : extent(tapLoops[0]); }
};

/// What the kernel of `plan` does and how long that should take.
KernelWork workOf(DispatchOp op, const WindowPlan &plan);

/// The plan of a `reduce` dispatch. On failure `reason` says why windows do
/// not apply.
mlir::FailureOr<WindowPlan> planWindow(DispatchOp op, const CpuSpec &spec,
                                       std::string &reason);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_WINDOW_WINDOWPLAN_H
