// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The analytic choice of a contraction's register tile and of its pieces of
// work. All numbers depend on shapes, layouts and the instruction set only.
#ifndef VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PLAN_H
#define VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PLAN_H

#include "targets/cpu/codegen/Kernel.h"
#include "targets/cpu/codegen/contraction/Classify.h"
#include "targets/cpu/codegen/nest/Columns.h"

#include "llvm/Support/MathExtras.h"

namespace visir::cpu {

struct KernelWork;

struct TilePlan {
  unsigned rows = 1;    ///< of a full register tile
  unsigned vectors = 1; ///< of a full register tile
  unsigned lanes = 1;   ///< of a vector
  /// Steps of the last reduction loop whose scalars are loaded as one vector.
  unsigned group = 1;
  /// Rows whose scalars are loaded as one vector, where `group` is 1.
  unsigned beside = 1;
  /// Whether the first row tiles fetch a panel of the next block each.
  bool ahead = false;
  /// Whether each tile fetches the rows of the next, a line in every step.
  bool nextRows = false;
  llvm::SmallVector<ColumnClass, 2> columnClasses;
  llvm::SmallVector<RowClass, 4> rowClasses;
  /// Counts of what a piece of work is cut from: batch points, column blocks,
  /// outer rows, register tiles per row; and how many of each one piece has.
  int64_t counts[4] = {1, 1, 1, 1};
  int64_t chunks[4] = {1, 1, 1, 1};
  /// In which order they are cut and pieces are numbered, slowest first.
  int order[4] = {0, 1, 2, 3};
  uint32_t tileCount = 1;

  /// Narrow last vectors of several rows share an accumulator.
  bool packTails = false;

  /// Rows whose last vectors share one; 1 where each has its own.
  unsigned rowsPerTail(const ColumnClass &columns) const {
    unsigned width = columns.columns.back().width;
    return packTails && width >= 4 && width < lanes ? lanes / width : 1;
  }
  /// Accumulators of a tile.
  unsigned accumulators(unsigned tileRows, const ColumnClass &columns) const {
    unsigned count = columns.columns.size(), per = rowsPerTail(columns);
    return per == 1 ? tileRows * count
                    : tileRows * (count - 1) + (tileRows + per - 1) / per;
  }
  int64_t parts(int i) const {
    return llvm::divideCeil(counts[i], chunks[i]);
  }
  int64_t blockWidth() const { return int64_t(vectors) * lanes; }
};

/// The best plan. If borders along the row need too many bodies, the row loop
/// of `contraction` becomes an outer row, whose windows are clipped at run
/// time.
TilePlan planTiles(Contraction &contraction, const CpuSpec &spec);

/// Sums per accumulator of a register tile, taken over interleaved steps of the
/// reduction, so that small tiles keep the multipliers busy.
unsigned sumsFor(const Contraction &contraction, const CpuSpec &spec,
                 const TilePlan &plan, unsigned rows, unsigned vectors);

/// What the tiles of `plan` do and how long that should take.
KernelWork workOf(DispatchOp op, const Contraction &contraction,
                  const CpuSpec &spec, const TilePlan &plan);

/// Cycles per reduction step of a register tile, of whose scalars `group` are
/// one load.
double tileCycles(const CpuSpec &spec, unsigned rows, unsigned vectors,
                  unsigned sums, unsigned group);

/// Whether the register tile fits the register file: accumulators, one step's
/// vectors, `scalars` registers of broadcasts or of scalars as vectors, and a
/// product where there is no multiply-add.
bool fitsRegisters(const CpuSpec &spec, unsigned rows, unsigned vectors,
                   unsigned scalars);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PLAN_H
