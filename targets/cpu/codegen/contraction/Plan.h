// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The analytic choice of a contraction's register tile and of its pieces of
// work. All numbers depend on shapes, layouts and the instruction set only.
#ifndef VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PLAN_H
#define VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PLAN_H

#include "targets/cpu/codegen/Kernel.h"
#include "targets/cpu/codegen/contraction/Classify.h"

namespace visir::cpu {

/// One vector of the register tile, at `offset` from the column block.
struct Column {
  int64_t offset;
  unsigned width; ///< lanes, a power of two
  unsigned valid; ///< lanes inside of the vector loop
};

/// Neighbouring blocks of the vector loop with the same columns.
struct ColumnClass {
  int64_t firstBlock, blockCount;
  llvm::SmallVector<Column, 4> columns;
};

/// Neighbouring register tiles along the row loop with the same code.
struct RowClass {
  int64_t firstTile, tileCount;
  unsigned rows;
  /// By step of the window along the row: the rows inside of the tensor, from
  /// first to second - 1. Empty when all rows are inside at all steps.
  llvm::SmallVector<std::pair<unsigned, unsigned>, 8> inside;
};

struct Plan {
  unsigned rows = 1;    ///< of a full register tile
  unsigned vectors = 1; ///< of a full register tile
  unsigned lanes = 1;   ///< of a vector
  /// Sums per accumulator, taken over interleaved steps of the reduction, so
  /// that small tiles keep the multipliers busy.
  unsigned sums = 1;
  llvm::SmallVector<ColumnClass, 2> columnClasses;
  llvm::SmallVector<RowClass, 4> rowClasses;
  /// Counts of what a piece of work is cut from: batch points, column blocks,
  /// outer rows, register tiles per row; and how many of each one piece has.
  int64_t counts[4] = {1, 1, 1, 1};
  int64_t chunks[4] = {1, 1, 1, 1};
  uint32_t tileCount = 1;

  int64_t blockWidth() const { return int64_t(vectors) * lanes; }
};

/// A plan for the contraction, or nothing if borders need too many bodies.
mlir::FailureOr<Plan> makePlan(const Contraction &contraction,
                               const CpuSpec &spec);

/// Cycles per reduction step of a register tile on a core that starts two
/// multiply-adds and two loads a cycle.
double tileCycles(unsigned rows, unsigned vectors, unsigned sums);

/// The columns of a vector loop of `extent` in blocks of `vectors` vectors.
llvm::SmallVector<ColumnClass, 2>
columnClasses(int64_t extent, unsigned vectors, unsigned lanes);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PLAN_H
