// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of a nest: one index of the parallel dimensions with all of the
// reduction dimensions. The lanes run either along the row or across
// neighbouring rows; emitters are the same for both.
#ifndef VISIR_TARGETS_CPU_CODEGEN_DISPATCH_ROWS_H
#define VISIR_TARGETS_CPU_CODEGEN_DISPATCH_ROWS_H

#include "targets/common/Combine.h"
#include "targets/cpu/codegen/dispatch/Emitters.h"

#include <vector>

namespace visir::cpu {

/// A value that the lanes of a row are combined to.
struct Accumulator {
  Combiner combiner;
  mlir::Type element;
  /// Replaces the combiner's op where the body needs another, such as a fused
  /// multiply-add: the body then is given and returns the running value.
  bool fused = false;
};

class Rows {
public:
  Rows(KernelBuilder &kb, const LoopPlan &plan);

  /// Tiles of the rows.
  TileSplit tiles() const;

  /// Emits the loops over the kernel's rows; `body` at each, with what the
  /// functions below refer to set.
  void forEach(llvm::function_ref<void()> body);

  /// Points of a row.
  int64_t length() const { return nest.reductionPoints(); }

  /// Lanes of a value that stands for the row (0 when they run along it).
  unsigned rowLanes() const { return acrossRows ? lanes.count : 0; }

  /// Visits the points of the row and combines what `body` returns, one value
  /// per accumulator. `position` counts the elements of the row's scratch.
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      Point &point, mlir::Value position, unsigned lanes,
      mlir::ValueRange running)>;
  llvm::SmallVector<mlir::Value>
  reduce(llvm::ArrayRef<Accumulator> accumulators, Body body);

  /// Rows that fit into registers side by side, with lanes along them: 4, 2 or
  /// 1; 0 where a single one is too long.
  unsigned rowsInRegisters() const;

  /// The same as `forEach` for as many rows at a time, and single ones at the
  /// end; `body` is told how many.
  void forEachBlock(llvm::function_ref<void(unsigned count)> body);

  /// A vector of a row, or what is left of one at its end.
  struct Part {
    Point point;
    Lanes lanes;
  };
  /// All of row `row` of the current block.
  std::vector<Part> parts(unsigned row);

  /// A row's values, one of each part, combined in pairs to one vector.
  mlir::Value combineParts(const Accumulator &accumulator,
                           llvm::ArrayRef<Part> parts,
                           llvm::SmallVector<mlir::Value> values);

  /// The combined lanes of one vector of each row: a scalar for a single row,
  /// else a vector that has a lane for each.
  mlir::Value combineLanes(const Accumulator &accumulator,
                           llvm::SmallVector<mlir::Value> rows);

  /// Folds the row in order, `initial` first; lanes across rows only.
  /// `number` is the point's place in the row.
  llvm::SmallVector<mlir::Value>
  fold(mlir::ValueRange initial,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(
           Point &point, mlir::Value number, mlir::ValueRange running)>
           body);

  /// Makes `fold` go from the row's end to its start.
  void setReversed(bool value) { reversed = value; }

  /// Visits the points of the row in order.
  void visit(llvm::function_ref<void(Point &point, mlir::Value position,
                                     unsigned lanes)>
                 body);

  /// Scratch for one value per point of a row.
  mlir::Value rowScratch(mlir::Type element);
  mlir::Value loadRow(mlir::Value scratch, mlir::Value position,
                      unsigned lanes);
  void storeRow(mlir::Value scratch, mlir::Value position, mlir::Value value,
                unsigned lanes);

  /// The row itself as a point, for what follows a reduction. `symbol` is
  /// the place of a topk's result.
  Point rowPoint(mlir::Value symbol = {});

private:
  mlir::Value position(int64_t stride);
  using Step = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value start, Lanes piece, mlir::ValueRange old)>;
  llvm::SmallVector<mlir::Value>
  alongVectors(llvm::ArrayRef<Accumulator> accumulators,
               mlir::ValueRange initial, Step step);
  llvm::SmallVector<mlir::Value>
  alongRow(llvm::ArrayRef<Accumulator> accumulators, Body body);
  mlir::Value widen(const Accumulator &accumulator, mlir::Value value,
                    const Lanes &piece);
  mlir::Value collapseLanes(const Accumulator &accumulator, mlir::Value value,
                            unsigned left);

  KernelBuilder &kb;
  const Nest &nest;
  const LoopConfig &config;
  bool acrossRows, reversed = false;
  unsigned parallel, rank;
  Lanes lanes;      ///< of the current row, when they run across rows
  mlir::Value mask; ///< of the current piece of the row
  mlir::Value blockStart; ///< of a block of rows, null where they are single
  llvm::SmallVector<mlir::Value> index;
};

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_DISPATCH_ROWS_H
