// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Code of one register tile: the reduction into accumulators, then the
// epilogue.
#ifndef VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_TILE_H
#define VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_TILE_H

#include "targets/cpu/codegen/contraction/Prepare.h"
#include "targets/cpu/codegen/nest/RowsAhead.h"

namespace visir::cpu {

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

/// Long sums are taken in blocks, which keeps their rounding near that of
/// short ones: the loops outside of `level` add finished blocks to totals in
/// scratch; `steps` > 0 cuts the loop at `level`, the last, into blocks of so
/// many steps.
struct SumBlocks {
  unsigned level = 0;
  int64_t steps = 0;
};

/// The blocks of a contraction's sums, of which each accumulator has `sums`
/// side by side; null if they are short.
std::optional<SumBlocks> chooseSumBlocks(const Contraction &c, unsigned sums);

class TileEmitter {
public:
  TileEmitter(KernelBuilder &kb, const Contraction &contraction,
              const TilePlan &plan, VectorSource source, ScalarRows scalars);

  /// The tile at `position` (of its first row and lane); `source` is where
  /// the vector operand's block begins. `position.borders` has the value of
  /// each window's coordinate. With `plan.ahead`, the panels at `ahead`
  /// are fetched meanwhile. `prepared` is the first row of the scalar operand
  /// in scratch; `first` is true (null: always) for the first tile of a row,
  /// where sums begin.
  void emit(const Position &position, Offset source, Offset ahead,
            const ColumnClass &columns, const RowClass &rows,
            Offset prepared = {}, mlir::Value first = {});

private:
  /// Where the reduction stands.
  struct Step {
    Position position;
    Offset source;
    Offset ahead;                       ///< the line to fetch, in `source`
    Offset prepared;                    ///< in a row of `scalars`
    Offset nextRows;                    ///< the line to fetch of these
    Offset resultRow;                   ///< whose results to fetch
    std::pair<unsigned, unsigned> rows; ///< rows inside of the tensor
    unsigned sum = 0;                   ///< which of the sums is next
    /// Scalars of a group of steps, of each row of `rows`, or none; and which
    /// step of the group this is.
    llvm::ArrayRef<mlir::Value> group;
    unsigned lane = 0;
    /// Loops stay loops: steps of a window side by side would share their
    /// scalars, which then outlive the registers.
    bool rolled = false;
  };
  using Values = llvm::SmallVector<mlir::Value>;

  bool reduceInBlocks(const Step &step, Values &sums);
  void reduceBlocks(const Step &step);
  Values reduceBlock(const Step &step, int64_t steps);
  void reduceRowOfBlocks(const Step &step, Values &sums);
  void forTotals(
      llvm::function_ref<void(Offset, const Column &, unsigned)> body) const;
  void storeTotals(const Values &sums) const;
  void addTotals(const Values &sums) const;
  Offset totalAt(unsigned row, const Column &column) const;
  Values zeroSums() const;
  void addSets(Values &sums) const;
  mlir::Value finished(const Values &sums, unsigned number,
                       bool inTotals) const;
  void splitTails(Values &sums) const;
  void makeTailMasks();
  mlir::Value repeated(mlir::Value tail) const;
  mlir::Value joinTail(mlir::Value others, mlir::Value scalar,
                       unsigned part) const;
  /// With no `sums`, outside of the blocks.
  void reduce(unsigned level, Step step, Values &sums);
  void reduceRange(unsigned level, const Step &step, Values &sums,
                   int64_t extent);
  void reduceSteps(unsigned level, const Step &step, Values &sums,
                   int64_t first, int64_t last);
  void reduceSegments(unsigned level, const Step &step, Values &sums);
  void reduceLoop(unsigned level, const Step &step, Values &sums,
                  mlir::Value low, mlir::Value high, unsigned unroll);
  void multiply(const Step &step, Values &sums);
  void fetchAhead(const Step &step);
  void fetchResults(const Position &position);
  mlir::Value vectorOperand(const Step &step, const Column &column);
  mlir::Value scalarOperand(const Step &step, unsigned row, unsigned steps = 1,
                            unsigned rows = 1);
  Values loadGroup(const Step &step);
  mlir::Value factor(const Step &step, unsigned row, unsigned width,
                     mlir::Value &loaded);
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
  RowsAhead rowsAhead;
  const ColumnClass *columns = nullptr;
  const RowClass *rowClass = nullptr;
  /// Where the tile is whose results each step fetches a row of, or null.
  const Position *fetched = nullptr;
  unsigned sumCount = 1; ///< sums per accumulator of the current tile
  Values tailMasks; ///< by the row's place in a shared tail
  std::optional<SumBlocks> blocks;
  mlir::Value totals; ///< sums of finished blocks, of type c.sum: [row][lane]
};

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_TILE_H
