// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/nest/RowsAhead.h"

#include "compiler/support/Constants.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

#include <set>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

static constexpr int64_t kLineBytes = 64;
/// Lines per tile at most: more are no window's new rows.
static constexpr size_t kMostLines = 96;

/// Whether steps of `inner` fill those of `outer` without leaving a gap, so
/// that the accesses of neighbouring steps of `outer` meet.
static bool fills(const FlatNest &nest, const FlatAccess &access,
                  unsigned inner, unsigned outer) {
  int64_t step = access.strides[inner], wide = access.strides[outer];
  return step > 0 && wide > 0 && wide % step == 0 &&
         wide / step <= nest.loops[inner].extent;
}

RowsAhead::RowsAhead(KernelBuilder &kb, const FlatNest &nest, unsigned load,
                     int rowLoop, ArrayRef<unsigned> outer)
    : kb(kb), nest(nest), load(load), rowLoop(rowLoop) {
  const FlatAccess &access = nest.accesses[load];
  auto type = cast<RankedTensorType>(kb.op.getInputs()[load].getType());
  int64_t bytes = elementBytes(access.element);
  if (rowLoop < 0 || access.tile > 1 || access.strides[rowLoop] <= 0 ||
      type.getNumElements() * bytes <= kb.spec.l2Bytes / 2)
    return;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    for (unsigned step : outer)
      if (nest.loops[loop].reduction && fills(nest, access, loop, step) &&
          access.strides[loop] > access.strides[rowLoop]) {
        nextStep = access.strides[step];
        newRows = nextStep / access.strides[loop];
        // A single new row goes on where the one before ended, which the
        // core foresees.
        windowLoop = newRows > 1 ? int(loop) : -1;
      }
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    if (nest.loops[loop].reduction && int(loop) != windowLoop)
      otherLoops.push_back(loop);
}

SmallVector<int64_t> RowsAhead::linesOf(unsigned rows,
                                        ArrayRef<Column> columns,
                                        int64_t columnStride) const {
  const FlatAccess &access = nest.accesses[load];
  int64_t line = kLineBytes / elementBytes(access.element);
  // What lies along the row, and how often the rest is repeated elsewhere.
  std::set<int64_t> along;
  for (int64_t at = 0; at < rows; ++at)
    along.insert(at * access.strides[rowLoop]);
  int64_t end = rows * access.strides[rowLoop];
  for (unsigned loop : otherLoops) {
    bool inRow = fills(nest, access, loop, unsigned(rowLoop));
    std::set<int64_t> all;
    for (int64_t at : along)
      for (int64_t i = 0; i < nest.loops[loop].extent; ++i) {
        int64_t place = at + i * access.strides[loop];
        // Beyond its own pixels, the next tile fetches.
        if (!inRow || place < end)
          all.insert(place / line * line);
        if (all.size() > kMostLines)
          return {};
      }
    along = std::move(all);
  }
  std::set<int64_t> lines;
  int64_t step = access.strides[windowLoop];
  int64_t first = nextStep + (nest.loops[windowLoop].extent - newRows) * step;
  for (int64_t row = 0; row < newRows; ++row)
    for (int64_t at : along)
      for (const Column &column : columns)
        lines.insert(first + row * step + at + column.offset * columnStride);
  if (lines.size() > kMostLines)
    return {};
  return SmallVector<int64_t>(lines.begin(), lines.end());
}

void RowsAhead::fetch(const Position &position, unsigned rows,
                      ArrayRef<Column> columns, int64_t columnStride) const {
  if (windowLoop < 0)
    return;
  for (int64_t at : linesOf(rows, columns, columnStride))
    fetchLine(kb, kb.input(load), position.accesses[load].plus(at));
}

void cpu::fetchLine(KernelBuilder &kb, Value memory, Offset at, bool isWrite) {
  memref::PrefetchOp::create(kb.b, kb.loc, memory,
                             ValueRange{materialize(kb, at)}, isWrite,
                             /*localityHint=*/2,
                             /*isDataCache=*/true);
}
