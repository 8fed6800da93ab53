// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Tile.h"
#include "targets/cpu/codegen/nest/Totals.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Steps that are added up one after the other, at most about, and at least
/// where a loop nest is to be cut.
static constexpr int64_t kLongBlock = 384, kBlock = 256, kShortBlock = 192;

std::optional<SumBlocks> cpu::chooseSumBlocks(const Contraction &c,
                                              unsigned sums) {
  if (!c.element.isF32() || c.reductionPoints() / sums <= kLongBlock)
    return std::nullopt;
  unsigned last = c.reductionLoops.size() - 1;
  int64_t extent = c.extent(c.reductionLoops[last]);
  if (extent / sums > kLongBlock && !c.shift() &&
      !findWindow(c.windows, c.reductionLoops[last])) {
    int64_t count = llvm::divideCeil(extent, kBlock * sums);
    return SumBlocks{
        last, int64_t(llvm::alignTo(llvm::divideCeil(extent, count), 8))};
  }
  int64_t inner = 1;
  for (unsigned level = last; level > 0; --level) {
    inner *= c.extent(c.reductionLoops[level]);
    if (inner >= kShortBlock * sums)
      return SumBlocks{level, 0};
  }
  return std::nullopt;
}

Offset TileEmitter::totalAt(unsigned row, const Column &column) const {
  return {Value(), row * plan.blockWidth() + column.offset};
}

TileEmitter::Values TileEmitter::reduceInBlocks(const Step &step) {
  if (!totals)
    totals = kb.scratch(int64_t(plan.rows) * plan.blockWidth(), element);
  ArrayRef<Column> cols = columns->columns;
  Values sums = zeroSums(), outside;
  for (unsigned i = 0; i < rowClass->rows; ++i)
    for (auto [j, column] : llvm::enumerate(cols))
      storeTotal(kb, totals, totalAt(i, column), sums[i * cols.size() + j]);
  reduce(0, step, outside);
  sums.clear();
  for (unsigned i = 0; i < rowClass->rows; ++i)
    for (const Column &column : cols)
      sums.push_back(
          loadTotal(kb, totals, totalAt(i, column), element, column.width));
  return sums;
}

/// One block: `steps` steps of the blocks' loop, or all (0).
void TileEmitter::reduceBlock(const Step &step, int64_t steps) {
  Values sums = zeroSums();
  if (steps)
    reduceRange(blocks->level, step, sums, steps);
  else
    reduce(blocks->level, step, sums);
  addSets(sums);
  unsigned width = columns->columns.size();
  for (unsigned i = 0; i < rowClass->rows; ++i)
    for (auto [j, column] : llvm::enumerate(columns->columns))
      addTotal(kb, totals, totalAt(i, column), sums[i * width + j]);
}

void TileEmitter::reduceBlocks(const Step &step) {
  int64_t steps = blocks->steps;
  if (steps == 0)
    return reduceBlock(step, 0);
  unsigned loop = c.reductionLoops[blocks->level];
  int64_t extent = c.extent(loop), full = extent / steps;
  forRange(kb, kb.index(0), kb.index(full), [&](Value number) {
    Offset first = advance(kb, {}, number, steps);
    reduceBlock(moved(step, loop, materialize(kb, first), 0), steps);
  });
  if (int64_t rest = extent % steps)
    reduceBlock(moved(step, loop, Value(), full * steps), rest);
}
