// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_WINOGRADPLAN_H
#define VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_WINOGRADPLAN_H

#include "targets/cpu/codegen/Kernel.h"
#include "targets/cpu/codegen/contraction/Classify.h"
#include "targets/cpu/codegen/nest/Columns.h"

namespace visir::cpu {

struct KernelWork;

/// Neighbouring tiles along an axis of whose patches the same steps, from low
/// to high - 1, lie in the tensor and are needed.
struct TileClass {
  int64_t firstTile, tileCount;
  int64_t low, high;

  bool has(int64_t step) const { return step >= low && step < high; }
};

/// One dimension of the image: its loops and its tiles. Without loops, the
/// one point of a dimension that the filter does not have.
struct FilterAxis {
  int outLoop = -1, windowLoop = -1;
  std::optional<Border> border; ///< none without padding
  int64_t extent = 1;           ///< of the results
  int64_t outputs = 1;          ///< results per tile
  int64_t tiles = 1;

  bool exists() const { return outLoop >= 0; }
  /// Inputs per tile, and points of the transform.
  int64_t size() const { return exists() ? outputs + 2 : 1; }
  llvm::SmallVector<TileClass, 3> tileClasses() const;
};

/// A further dimension of the window, in front: its taps are summed like
/// channels. Without a loop, one tap.
struct FilterDepth {
  int windowLoop = -1;
  int64_t taps = 1;
  std::optional<Border> border; ///< none without padding
};

struct WinogradPlan {
  Contraction contraction;
  unsigned scalarLoad = 0, channelLoop = 0;
  FilterAxis rows, columns; ///< the filter of a row has columns only
  FilterDepth depth;
  /// The loops over image tiles, slowest first, those of axes by tiles. A
  /// single axis is the fastest, as neighbours along it share inputs.
  llvm::SmallVector<unsigned, 4> tileLoops;
  int64_t outputs = 4; ///< per tile and dimension
  unsigned lanes = 1;
  unsigned tileRows = 1, tileVectors = 1; ///< of a register tile
  int64_t blockTiles = 1;                 ///< image tiles of a piece of work
  int64_t chunk = 1;          ///< result channels of one go; divides all
  int64_t chunksPerPiece = 1; ///< for the same transformed input
  int64_t sumBlock = 1; ///< input channels that are added up in one go
  int64_t totalTiles = 1;
  bool streamsWeights = false; ///< they do not stay in the second-level cache
  uint32_t tileCount = 1;
  double cycles = 0; ///< estimate for the whole dispatch

  unsigned axes() const { return rows.exists() + columns.exists(); }
  int64_t points() const { return rows.size() * columns.size(); }
  /// Steps of a tile loop.
  int64_t tilesOf(unsigned loop) const;
  int64_t inChannels() const { return contraction.extent(channelLoop); }
  int64_t outChannels() const {
    return contraction.extent(contraction.vectorLoop);
  }
  int64_t factorBytes() const;
  int64_t weightBytes() const; ///< of all points
  const FlatNest &nest() const { return contraction.nest; }
  int64_t chunks() const { return outChannels() / chunk; }
  /// Parts of the result channels that pieces of work have.
  int64_t groups() const { return chunks() / chunksPerPiece; }
  /// Elements of a transformed tile's row for one tap of the depth and for
  /// all, and between points; the latter is not a power of two, so that points
  /// do not share a cache set.
  int64_t tapPitch() const;
  int64_t inPitch() const { return depth.taps * tapPitch(); }
  int64_t outPitch() const;
  int64_t inPointPitch() const { return blockTiles * inPitch() + 16; }
  int64_t outPointPitch() const { return blockTiles * outPitch() + 16; }
};

/// What the kernel of `plan` does; of its own method the products count.
KernelWork workOf(DispatchOp op, const WinogradPlan &plan);

/// The plan for `outputs` results per dimension. On failure `reason` says why
/// filtering does not apply. `weights` is the layout that the weights are to
/// have, if they do not have it yet.
mlir::FailureOr<WinogradPlan> planWinograd(DispatchOp op, const CpuSpec &spec,
                                           int64_t outputs, std::string &reason,
                                           LayoutOverride weights = {});

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_WINOGRADPLAN_H
