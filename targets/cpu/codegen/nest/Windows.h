// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Padded windows: instead of testing every element, the loops over a window
// are clipped to the tensor. The row loop's borders are known at compile time
// and give register tiles of different code.
#ifndef VISIR_TARGETS_CPU_CODEGEN_NEST_WINDOWS_H
#define VISIR_TARGETS_CPU_CODEGEN_NEST_WINDOWS_H

#include "targets/cpu/codegen/nest/FlatNest.h"

#include <string>

namespace visir::cpu {

/// A reduction loop whose steps may leave a load's tensor.
struct Window {
  unsigned loop;
  Border border; ///< factors by loop
  bool alongRow; ///< moves with the row loop only: known at compile time
};

/// The windows of the given loads. On failure `reason` says why clipping does
/// not apply. `rowLoop` may be -1.
mlir::LogicalResult findWindows(const FlatNest &nest,
                                llvm::ArrayRef<unsigned> loads, int rowLoop,
                                llvm::SmallVectorImpl<Window> &windows,
                                std::string &reason);

const Window *findWindow(llvm::ArrayRef<Window> windows, unsigned loop);

/// Neighbouring register tiles along the row loop with the same code.
struct RowClass {
  int64_t firstTile, tileCount;
  unsigned rows;
  /// By step of the window along the row: the rows inside of the tensor, from
  /// first to second - 1. Empty when all rows are inside at all steps.
  llvm::SmallVector<std::pair<unsigned, unsigned>, 8> inside;
};

/// Bodies for different borders along a row that are worth their code.
inline constexpr unsigned kMaxRowClasses = 8;

/// The classes of a row of register tiles of `rows` rows; stops when there
/// are more than kMaxRowClasses.
llvm::SmallVector<RowClass, 4> makeRowClasses(const FlatNest &nest,
                                              llvm::ArrayRef<Window> windows,
                                              int rowLoop, unsigned rows);

/// Picks the row of register tiles among the loops: the last, unless it is
/// short and another is long. -1 for none.
int chooseRowLoop(const FlatNest &nest, llvm::ArrayRef<unsigned> loops);

/// The parallel loop that the stores with `sum` run over, the same for all of
/// them; -1 for none. On failure `reason` says what they do instead.
mlir::LogicalResult findSummedLoop(DispatchOp op, const FlatNest &nest,
                                   int &summed, std::string &reason);

/// Joins all parallel loops, and all reduction loops, that every access walks
/// as one. With `keepReductions` reduction loops and those parallel loops that
/// step as they do stay.
void mergeLoops(FlatNest &nest, bool keepReductions = false);

/// Whether the value `yield` of the prologue is zero when `load` gives `fill`,
/// whatever other loads give.
bool isZeroAtFill(mlir::Block &prologue, unsigned yield, unsigned load,
                  double fill);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_NEST_WINDOWS_H
