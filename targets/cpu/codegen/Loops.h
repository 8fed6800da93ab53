// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops over a nest: tiles, rows and vectors of lanes.
#ifndef VISIR_TARGETS_CPU_CODEGEN_LOOPS_H
#define VISIR_TARGETS_CPU_CODEGEN_LOOPS_H

#include "targets/cpu/codegen/Point.h"

namespace visir::cpu {

/// for (i = low; i < high; i += step). A loop known to run once is no loop.
void emitFor(KernelBuilder &kb, mlir::Value low, mlir::Value high,
             int64_t step, llvm::function_ref<void(mlir::Value)> body);

/// The same carrying values; returns the last ones.
llvm::SmallVector<mlir::Value> emitForCarrying(
    KernelBuilder &kb, mlir::Value low, mlir::Value high, int64_t step,
    mlir::ValueRange initial,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                      mlir::ValueRange)>
        body);

/// Loops over dimensions [from, to) of the nest, setting index[from ..].
void emitNest(KernelBuilder &kb, const Nest &nest, unsigned from, unsigned to,
              llvm::SmallVectorImpl<mlir::Value> &index,
              llvm::function_ref<void()> body);

/// The same carrying values.
llvm::SmallVector<mlir::Value> emitNestCarrying(
    KernelBuilder &kb, const Nest &nest, unsigned from, unsigned to,
    llvm::SmallVectorImpl<mlir::Value> &index, mlir::ValueRange initial,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)> body);

/// How the parallel dimensions are cut into tiles: a tile is one index of the
/// dimensions before `outer`, `chunk` indices of dimension `outer` and all of
/// the dimensions after it.
struct TileSplit {
  unsigned outer = 0;
  int64_t chunk = 1;
  uint32_t count = 1;
};

/// Tiles of about `tilePoints` points over the first `depth` dimensions, each
/// point standing for `inner` points; `granule` divides the chunk when
/// dimension `depth - 1` is cut.
TileSplit planTiles(const Nest &nest, unsigned depth, int64_t inner,
                    int64_t tilePoints, int64_t granule = 1);

/// Loops over the kernel's tiles and, inside, over dimensions [0, depth).
/// When dimension `depth` is the one that is cut, [low, high) is its range,
/// else all of it (or null when there is no such dimension).
void emitTiles(
    KernelBuilder &kb, const Nest &nest, const TileSplit &plan, unsigned depth,
    llvm::SmallVectorImpl<mlir::Value> &index,
    llvm::function_ref<void(mlir::Value low, mlir::Value high)> body);

/// A run of lanes that starts at `start`; lanes.count is 0 for one point.
struct Piece {
  mlir::Value start;
  Lanes lanes;
};

/// Covers [low, high) of dimension `dim` with `lanes` lanes at a time and
/// narrower or masked pieces at the end of the dimension. Both bounds are
/// multiples of `lanes` or the dimension's end. 0 lanes: points.
void emitLanes(KernelBuilder &kb, const Nest &nest, unsigned dim,
               mlir::Value low, mlir::Value high, unsigned lanes,
               llvm::function_ref<void(const Piece &)> body);

/// The pieces that cover the last `rest` < lanes points: {lanes, active}.
llvm::SmallVector<std::pair<unsigned, unsigned>>
tailPieces(unsigned rest, unsigned lanes, bool masked);

/// vector<lanes x i1> whose first `active` lanes are true; null for all.
mlir::Value makeMask(KernelBuilder &kb, unsigned lanes, unsigned active);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_LOOPS_H
