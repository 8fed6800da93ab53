// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code of one register tile: the reduction into accumulators, then the
// epilogue.
#ifndef VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_TILE_H
#define VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_TILE_H

#include "targets/cpu/codegen/contraction/Plan.h"
#include "targets/cpu/codegen/nest/Position.h"

namespace visir::cpu {

/// What the prologue yields at `yield` when load i is `load(i)` for each i of
/// `loads`, which are all that it depends on.
mlir::Value prologueOf(KernelBuilder &kb, const FlatNest &nest, unsigned yield,
                       llvm::ArrayRef<unsigned> loads,
                       llvm::function_ref<mlir::Value(unsigned)> load);

/// Rows of the scalar operand in scratch, `pitch` elements apart, one element
/// per step of the reduction; `memory` is null if it is read as it lies.
struct ScalarRows {
  mlir::Value memory;
  int64_t pitch = 0;
};

/// Where the vector operand is read: its binding, or panels in scratch.
struct VectorSource {
  mlir::Value memory;
  mlir::Type element;                    ///< as the tensor's, or the products'
  llvm::SmallVector<int64_t, 8> strides; ///< by loop of the nest
  int64_t tile = 1, tileStride = 0;

  /// Elements from a column block's start to its lane `lane`.
  int64_t laneOffset(int64_t lane) const {
    return tile > 1 ? lane / tile * tileStride + lane % tile : lane;
  }
};

class TileEmitter {
public:
  TileEmitter(KernelBuilder &kb, const Contraction &contraction,
              const TilePlan &plan, VectorSource source, ScalarRows scalars);

  /// The tile at `position` (of its first row and lane); `source` is where
  /// the vector operand's block begins. `position.borders` has the value of
  /// each window's coordinate. With `plan.aheadSteps`, the panels at `ahead`
  /// are fetched meanwhile.
  void emit(const Position &position, Offset source, Offset ahead,
            const ColumnClass &columns, const RowClass &rows);

private:
  /// Where the reduction stands.
  struct Step {
    Position position;
    Offset source;
    Offset ahead;                       ///< the line to fetch, in `source`
    Offset prepared;                    ///< in a row of `scalars`
    std::pair<unsigned, unsigned> rows; ///< rows inside of the tensor
    unsigned sum = 0;                   ///< which of the sums is next
    /// Loops stay loops: steps of a window side by side would share their
    /// scalars, which then outlive the registers.
    bool rolled = false;
  };
  using Values = llvm::SmallVector<mlir::Value>;

  void reduce(unsigned level, Step step, Values &sums);
  void reduceSteps(unsigned level, const Step &step, Values &sums,
                   int64_t first, int64_t last);
  void reduceLoop(unsigned level, const Step &step, Values &sums,
                  mlir::Value low, mlir::Value high, unsigned unroll);
  void multiply(const Step &step, Values &sums);
  void fetchAhead(const Step &step);
  mlir::Value vectorOperand(const Step &step, const Column &column);
  mlir::Value scalarOperand(const Step &step, unsigned row);
  Step moved(const Step &step, unsigned loop, mlir::Value index,
             int64_t more) const;
  unsigned unrollOf(unsigned level) const;
  bool isUnrolled(unsigned level) const;

  KernelBuilder &kb;
  mlir::OpBuilder &b;
  mlir::Location loc;
  const Contraction &c;
  const TilePlan &plan;
  VectorSource source;
  ScalarRows scalars;
  mlir::Type element;
  TileEpilogue epilogue;
  const ColumnClass *columns = nullptr;
  const RowClass *rowClass = nullptr;
};

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_TILE_H
