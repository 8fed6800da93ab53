// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a filtered convolution fetches into the second-level cache while it
// multiplies: the input of the next block of tiles, and what the present
// block's epilogue reads and writes. Transforms wait for memory otherwise, as
// they touch it in bursts.
#ifndef VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_FETCH_H
#define VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_FETCH_H

#include "targets/cpu/codegen/nest/Position.h"
#include "targets/cpu/codegen/winograd/WinogradPlan.h"

namespace visir::cpu {

class TileFetcher {
public:
  TileFetcher(KernelBuilder &kb, const WinogradPlan &plan);

  /// Notes where the tile `local` of the present block lies, and the tile as
  /// far into the next block.
  void note(mlir::Value local, const Position &present, const Position &next);

  /// Part `part` of `parts` of what belongs to `point` and to `count` tiles
  /// from `first` on; `chunk` is the chunk of result channels.
  void fetch(mlir::Value point, mlir::Value chunk, mlir::Value first,
             unsigned count, mlir::Value part, int64_t parts);

private:
  /// An access that is worth it.
  struct Stream {
    unsigned access;
    mlir::Value memory;
    mlir::Value starts; ///< by tile, in scratch
    bool input;         ///< the convolution's, of the next block
  };

  void addStream(unsigned access, mlir::Value memory, bool input);
  mlir::Value isLastOfPiece(mlir::Value chunk);
  void fetchTile(const Stream &stream, mlir::Value local, mlir::Value chunk,
                 mlir::Value row, mlir::Value column);

  KernelBuilder &kb;
  const WinogradPlan &plan;
  llvm::SmallVector<Stream, 3> streams;
};

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_FETCH_H
