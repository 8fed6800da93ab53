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
  if (blocks->level == 0 && blocks->steps > 0)
    return reduceRowOfBlocks(step);
  Values sums = zeroSums(), outside;
  storeTotals(sums);
  reduce(0, step, outside);
  forTotals(sums, [&](Offset at, const Column &column, Value &sum) {
    sum = loadTotal(kb, totals, at, element, column.width);
  });
  return sums;
}

/// All of the sums and their places among the totals.
void TileEmitter::forTotals(
    Values &sums,
    llvm::function_ref<void(Offset, const Column &, Value &)> body) const {
  unsigned width = columns->columns.size();
  for (unsigned i = 0; i < rowClass->rows; ++i)
    for (auto [j, column] : llvm::enumerate(columns->columns))
      body(totalAt(i, column), column, sums[i * width + j]);
}

void TileEmitter::storeTotals(Values &sums) const {
  forTotals(sums, [&](Offset at, const Column &, Value &sum) {
    storeTotal(kb, totals, at, sum);
  });
}

void TileEmitter::addTotals(Values &sums) const {
  forTotals(sums, [&](Offset at, const Column &, Value &sum) {
    addTotal(kb, totals, at, sum);
  });
}

/// The sums of one block: `steps` steps of the blocks' loop, or all (0).
TileEmitter::Values TileEmitter::reduceBlock(const Step &step,
                                             int64_t steps) {
  Values sums = zeroSums();
  if (steps)
    reduceRange(blocks->level, step, sums, steps);
  else
    reduce(blocks->level, step, sums);
  addSets(sums);
  return sums;
}

/// Blocks outside of which there are no loops: the first one's sums begin the
/// totals, the last one's stay in registers.
TileEmitter::Values TileEmitter::reduceRowOfBlocks(const Step &step) {
  int64_t steps = blocks->steps;
  unsigned loop = c.reductionLoops[0];
  int64_t extent = c.extent(loop);
  int64_t last = llvm::divideCeil(extent, steps) - 1;
  Values sums = reduceBlock(step, std::min(steps, extent));
  if (last == 0)
    return sums;
  storeTotals(sums);
  if (last > 1)
    forRange(kb, kb.index(1), kb.index(last), [&](Value number) {
      Offset first = advance(kb, {}, number, steps);
      Values next =
          reduceBlock(moved(step, loop, materialize(kb, first), 0), steps);
      addTotals(next);
    });
  sums = reduceBlock(moved(step, loop, Value(), last * steps),
                     extent - last * steps);
  forTotals(sums, [&](Offset at, const Column &column, Value &sum) {
    sum = addLanes(kb, loadTotal(kb, totals, at, element, column.width), sum);
  });
  return sums;
}

void TileEmitter::reduceBlocks(const Step &step) {
  int64_t steps = blocks->steps;
  auto add = [&](const Step &start, int64_t count) {
    Values sums = reduceBlock(start, count);
    addTotals(sums);
  };
  if (steps == 0)
    return add(step, 0);
  unsigned loop = c.reductionLoops[blocks->level];
  int64_t extent = c.extent(loop), full = extent / steps;
  forRange(kb, kb.index(0), kb.index(full), [&](Value number) {
    Offset first = advance(kb, {}, number, steps);
    add(moved(step, loop, materialize(kb, first), 0), steps);
  });
  if (int64_t rest = extent % steps)
    add(moved(step, loop, Value(), full * steps), rest);
}
