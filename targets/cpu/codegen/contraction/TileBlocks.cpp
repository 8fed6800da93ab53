// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Tile.h"
#include "targets/common/Payload.h"
#include "targets/cpu/codegen/nest/Totals.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Steps that are added up one after the other, at most about, and at least
/// where a loop nest is to be cut.
static constexpr int64_t kLongBlock = 384, kBlock = 256, kShortBlock = 192;

/// Blocks of f16 sums, which lose a unit in the last place of 2^11 per step
/// (docs/decisions/0012): the largest nest of loops that is short enough, or
/// parts of the last loop.
static std::optional<SumBlocks> halfBlocks(const Contraction &c,
                                           unsigned sums) {
  int64_t most = kMostHalfSteps * sums, inner = 1;
  if (c.reductionPoints() <= most)
    return std::nullopt;
  unsigned level = c.reductionLoops.size() - 1;
  int64_t extent = c.extent(c.reductionLoops[level]);
  if (extent > most) {
    int64_t count = llvm::divideCeil(extent, kHalfBlock * sums);
    return SumBlocks{
        level, int64_t(llvm::alignTo(llvm::divideCeil(extent, count), 8))};
  }
  for (unsigned next = level; next > 0; --next) {
    inner *= c.extent(c.reductionLoops[next]);
    if (inner > most)
      break;
    level = next;
  }
  return SumBlocks{level, 0};
}

std::optional<SumBlocks> cpu::chooseSumBlocks(const Contraction &c,
                                              unsigned sums) {
  if (c.element.isF16())
    return halfBlocks(c, sums);
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

/// Whether the results are the totals, to which the last block's `sums`, if
/// there are any, are to be added.
bool TileEmitter::reduceInBlocks(const Step &step, Values &sums) {
  if (!totals)
    totals = kb.scratch(int64_t(plan.rows) * plan.blockWidth(), c.sum);
  if (blocks->level == 0 && blocks->steps > 0) {
    reduceRowOfBlocks(step, sums);
    return blocks->steps < c.extent(c.reductionLoops[0]);
  }
  forTotals([&](Offset at, const Column &column, unsigned) {
    auto type = VectorType::get({int64_t(column.width)}, c.sum);
    storeTotal(kb, totals, at, makeConstant(b, loc, type, 0));
  });
  Values outside;
  reduce(0, step, outside);
  return true;
}

/// The places of all sums among the totals, and their numbers.
void TileEmitter::forTotals(
    llvm::function_ref<void(Offset, const Column &, unsigned)> body) const {
  unsigned number = 0;
  for (unsigned i = 0; i < rowClass->rows; ++i)
    for (const Column &column : columns->columns)
      body(totalAt(i, column), column, number++);
}

void TileEmitter::storeTotals(const Values &sums) const {
  forTotals([&](Offset at, const Column &, unsigned number) {
    storeTotal(kb, totals, at, toElement(kb, sums[number], c.sum));
  });
}

void TileEmitter::addTotals(const Values &sums) const {
  forTotals([&](Offset at, const Column &, unsigned number) {
    addTotal(kb, totals, at, toElement(kb, sums[number], c.sum));
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
void TileEmitter::reduceRowOfBlocks(const Step &step, Values &sums) {
  int64_t steps = blocks->steps;
  unsigned loop = c.reductionLoops[0];
  int64_t extent = c.extent(loop);
  int64_t last = llvm::divideCeil(extent, steps) - 1;
  sums = reduceBlock(step, std::min(steps, extent));
  if (last == 0)
    return;
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
