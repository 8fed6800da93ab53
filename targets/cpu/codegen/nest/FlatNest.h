// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A dispatch as a nest of loops over flat memory: every access of the domain
// becomes an offset and one stride per loop, in elements, after the maps and
// the layouts are composed.
#ifndef VISIR_TARGETS_CPU_CODEGEN_NEST_FLATNEST_H
#define VISIR_TARGETS_CPU_CODEGEN_NEST_FLATNEST_H

#include "dialects/visir/Visir.h"

#include <optional>

namespace visir::cpu {

/// A coordinate of a padded access that may lie outside of 0 .. size - 1: its
/// value is offset + the sum of factor * index.
struct Border {
  llvm::SmallVector<int64_t, 8> factors; ///< by loop
  int64_t offset = 0;
  int64_t size = 0;
};

/// Steps [first, last) of a loop at which an access lies `move` elements
/// further, and its tested coordinate `delta`.
struct ShiftSegment {
  int64_t first = 0, last = 0;
  int64_t move = 0, delta = 0;
};

/// A coordinate that a constant table gives per step of a loop, padded.
struct FlatShift {
  unsigned loop = 0;
  llvm::SmallVector<ShiftSegment, 4> segments;
  Border border; ///< of the coordinate, without the segments' deltas
};

/// A stored coordinate that goes round: at step i of `axisLoop` and a step of
/// `loop` in a segment it is (i + delta) mod size.
struct FlatWrap {
  unsigned axisLoop = 0, loop = 0;
  int64_t size = 0, stride = 0;
  llvm::SmallVector<ShiftSegment, 4> segments; ///< `move` is not used
};

/// One load or store: element offset + the sum of stride * index. If one
/// logical dimension is tiled (tile > 1), its coordinate c, the sum of
/// tiledFactor * index, adds (c / tile) * tileStride + (c % tile).
struct FlatAccess {
  unsigned binding = 0; ///< operands first, then results
  mlir::Type element;
  int64_t offset = 0;
  llvm::SmallVector<int64_t, 8> strides;      ///< by loop
  llvm::SmallVector<int64_t, 8> tiledFactors; ///< by loop
  int64_t tile = 1, tileStride = 0;
  llvm::SmallVector<Border, 2> borders;
  double fill = 0;
  std::optional<FlatShift> shift;
  llvm::SmallVector<FlatWrap, 2> wraps; ///< steps that strides leave out

  /// Whether the access moves with the loop, in memory or in a border.
  bool uses(unsigned loop) const;
  /// Turns the tiled coordinate into strides for all loops but one, which
  /// steps through tiles and their lanes; returns that loop, or nothing if
  /// the coordinate is not of that form. -1 without a tile.
  std::optional<int> resolveTile();
};

struct FlatLoop {
  int64_t extent = 1;
  bool reduction = false;
  llvm::SmallVector<unsigned, 2> dims; ///< domain dimensions, slowest first
};

/// A layout that a binding is to be taken in, in place of its own.
struct LayoutOverride {
  int binding = -1;
  LayoutAttr layout;
};

struct FlatNest {
  llvm::SmallVector<FlatLoop, 8> loops;
  llvm::SmallVector<FlatAccess, 6> accesses; ///< loads, then stores
  unsigned loads = 0;

  /// The nest of a dispatch of static shape without loops of extent one.
  /// Fails silently when the domain is empty, or an access is indexed, has
  /// symbols, or more than one tiled dimension. `shifts` admits loads and stores
  /// that constants index.
  static mlir::FailureOr<FlatNest>
  of(DispatchOp op, LayoutOverride override = {}, bool shifts = false);

  llvm::ArrayRef<FlatAccess> stores() const {
    return llvm::ArrayRef<FlatAccess>(accesses).drop_front(loads);
  }
  /// Whether the two loops step through every access as one loop would.
  bool canMerge(unsigned outer, unsigned inner) const;
  /// Makes `inner` stand for both loops and removes `outer`.
  void merge(unsigned outer, unsigned inner);
  void removeLoop(unsigned loop);
};

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_NEST_FLATNEST_H
