// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a loop is cut into vectors.
#ifndef VISIR_TARGETS_CPU_CODEGEN_NEST_COLUMNS_H
#define VISIR_TARGETS_CPU_CODEGEN_NEST_COLUMNS_H

#include "targets/cpu/codegen/nest/VectorAccess.h"

namespace visir::cpu {

/// One vector of a block, `offset` lanes from the block's start.
struct Column {
  int64_t offset;
  unsigned width; ///< lanes, a power of two
  unsigned valid; ///< lanes inside of the vector loop

  LaneGroup lanes() const { return {width, valid}; }
};

/// Neighbouring blocks of the vector loop with the same columns.
struct ColumnClass {
  int64_t firstBlock, blockCount;
  llvm::SmallVector<Column, 4> columns;
};

/// A vector loop of `extent` in blocks of `vectors` vectors of `lanes` lanes;
/// the last block may be shorter, and its last vector narrower.
llvm::SmallVector<ColumnClass, 2>
makeColumnClasses(int64_t extent, unsigned vectors, unsigned lanes);

/// [low, high) of `range` within first .. first + count - 1; `total` is all
/// that the range can reach.
std::pair<mlir::Value, mlir::Value>
clipRange(KernelBuilder &kb, std::pair<mlir::Value, mlir::Value> range,
          int64_t first, int64_t count, int64_t total);

/// The epilogue of a register tile: payload and stores, one vector at a time.
class TileEpilogue {
public:
  /// For tiles of at most `rows` rows by `vectors` vectors of `lanes` lanes.
  TileEpilogue(KernelBuilder &kb, const FlatNest &nest, unsigned vectorLoop,
               int rowLoop, unsigned rows, unsigned vectors, unsigned lanes,
               mlir::Type element);

  /// `roots` are the root's results, row by row; `position` is that of the
  /// first row and lane. Sums over rows begin anew where `first` is true
  /// (null: always), else go on from what is stored.
  void emit(const Position &position, llvm::ArrayRef<Column> columns,
            unsigned rows, llvm::ArrayRef<mlir::Value> roots,
            mlir::Value first = {}) {
    emit(position, columns, rows, [&](unsigned i) { return roots[i]; }, first);
  }

  /// The same where root i is what `root(i)` makes, once for each.
  using Root = llvm::function_ref<mlir::Value(unsigned)>;
  void emit(const Position &position, llvm::ArrayRef<Column> columns,
            unsigned rows, Root root, mlir::Value first = {});

  /// Payload ops per vector; what goes lane by lane counts as many.
  unsigned payloadOps() const { return ops; }

  /// Fetches what `emit` with these arguments reads and writes in tensors that
  /// do not stay in the second-level cache.
  void fetch(const Position &position, llvm::ArrayRef<Column> columns,
             unsigned rows) const;
  /// The same for one row of the tile.
  void fetchRow(const Position &position, llvm::ArrayRef<Column> columns,
                mlir::Value row) const;

private:
  using Values = llvm::SmallVector<mlir::Value>;

  /// `aside` is where the row begins in the stashes of turned stores; `sums`
  /// are those of the rows before.
  void emitRow(const Position &position, llvm::ArrayRef<Column> columns,
               Root root, const Offset *aside, Values &sums);
  /// Accesses of tensors that `fetch` is for, and elements between their rows.
  void forFetched(
      llvm::function_ref<void(unsigned access, int64_t step)> body) const;
  void fetchColumns(unsigned access, Offset row,
                    llvm::ArrayRef<Column> columns) const;
  /// What a row's store adds to its place for channels [first, last).
  struct Run {
    int64_t first, last;
    mlir::Value step; ///< null: nothing
  };
  llvm::SmallVector<Run> runsOf(const Position &position,
                                const FlatAccess &store) const;
  void storeRuns(const Position &position, const Column &column,
                 unsigned store, llvm::ArrayRef<Run> runs, mlir::Value value);
  void storePart(unsigned store, Offset at, Offset channel,
                 const Column &column, const Run &run, mlir::Value value);
  bool isTurned(const FlatAccess &store) const;
  void storeTurned(const Position &position, llvm::ArrayRef<Column> columns,
                   unsigned rows, unsigned store);
  Values emptySums(llvm::ArrayRef<Column> columns);
  void storeSums(const Position &position, llvm::ArrayRef<Column> columns,
                 llvm::ArrayRef<mlir::Value> sums, mlir::Value first);

  KernelBuilder &kb;
  const FlatNest &nest;
  unsigned vectorLoop;
  int rowLoop;
  int64_t pitch, lanes;
  unsigned ops = 0;
  llvm::SmallVector<unsigned> sumStores;
  mlir::Type element;
  mlir::Value stash; ///< the tile in scratch, for long payloads
  /// By store: the tile's results in scratch if rows, not lanes, are
  /// neighbours in memory; they are turned in registers.
  llvm::SmallVector<mlir::Value, 2> turned;
};

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_NEST_COLUMNS_H
