// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Tile.h"

#include "targets/common/Payload.h"
#include "targets/cpu/codegen/nest/Totals.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Multiply-adds that a loop's body should have, and the most that loops
/// without control flow may grow to.
static constexpr unsigned kBodyWork = 16, kUnrolledWork = 112;

/// Floats of a line of the caches.
static constexpr int64_t kLineElements = 16;

/// Steps that hide the fetches of results, at least, where the payload is no
/// longer than a clamp.
static constexpr int64_t kFetchSteps = 24;
static constexpr unsigned kShortPayload = 3;

TileEmitter::TileEmitter(KernelBuilder &kb, const Contraction &contraction,
                         const TilePlan &plan, VectorSource source,
                         ScalarRows scalars)
    : kb(kb), b(kb.b), loc(kb.loc), c(contraction), plan(plan),
      source(std::move(source)), scalars(scalars), element(contraction.element),
      epilogue(kb, contraction.nest, contraction.vectorLoop,
               contraction.rowLoop, plan.rows, plan.vectors, plan.lanes,
               contraction.sum),
      rowsAhead(kb, contraction.nest, contraction.scalarLoads.front(),
                contraction.rowLoop, contraction.outerRowLoops),
      blocks(chooseSumBlocks(
          contraction, sumsFor(contraction, kb.spec, plan, plan.rows,
                               plan.vectors))) {}

void TileEmitter::emit(const Position &position, Offset source, Offset ahead,
                       const ColumnClass &columns, const RowClass &rows,
                       Offset prepared, Value first) {
  this->columns = &columns;
  rowClass = &rows;
  sumCount = sumsFor(c, kb.spec, plan, rows.rows, columns.columns.size());
  Step start{position, source, ahead, prepared, {}, {}, {0, rows.rows},
             0,        {},     0,     false};
  if (plan.nextRows) {
    unsigned load = c.scalarLoads.front();
    start.nextRows = position.accesses[load].plus(
        rows.rows * c.nest.accesses[load].strides[c.rowLoop]);
  }
  // With several blocks of columns the rows have been read before.
  if (plan.counts[1] == 1 && !scalars.memory)
    rowsAhead.fetch(position, rows.rows, {Column{0, 1, 1}}, 0);
  fetchResults(position);
  makeTailMasks();
  Values sums;
  bool inTotals = false;
  if (blocks) {
    inTotals = reduceInBlocks(start, sums);
  } else {
    sums = zeroSums();
    reduce(0, start, sums);
    addSets(sums);
    splitTails(sums);
  }
  auto finish = [&](unsigned number) {
    return finished(sums, number, inTotals);
  };
  // Extended sums take more registers: one by one.
  if (c.element != c.sum)
    return epilogue.emit(position, columns.columns, rows.rows, finish, first);
  Values roots;
  for (unsigned i = 0; i < rows.rows * columns.columns.size(); ++i)
    roots.push_back(finish(i));
  epilogue.emit(position, columns.columns, rows.rows, roots, first);
}

/// A root's result: one of `sums`, together with its total where there is one.
Value TileEmitter::finished(const Values &sums, unsigned number,
                            bool inTotals) const {
  unsigned width = columns->columns.size();
  const Column &column = columns->columns[number % width];
  Value sum = sums.empty() ? Value() : toElement(kb, sums[number], c.sum);
  if (!inTotals)
    return sum;
  Value total = loadTotal(kb, totals, totalAt(number / width, column), c.sum,
                          column.width);
  return sum ? addLanes(kb, total, sum) : total;
}

/// Accumulators that start at zero: row by row, then those of shared tails.
TileEmitter::Values TileEmitter::zeroSums() const {
  unsigned per = plan.rowsPerTail(*columns);
  auto own = ArrayRef(columns->columns).drop_back(per > 1 ? 1 : 0);
  Values sums;
  auto add = [&](unsigned width) {
    sums.push_back(
        makeConstant(b, loc, VectorType::get({int64_t(width)}, element), 0));
  };
  for (unsigned s = 0; s < sumCount; ++s) {
    for (unsigned i = 0; i < rowClass->rows; ++i)
      for (const Column &column : own)
        add(column.width);
    if (per > 1)
      for (unsigned i = 0; i < rowClass->rows; i += per)
        add(plan.lanes);
  }
  return sums;
}

/// Adds the interleaved sums up; one of each accumulator is left.
void TileEmitter::addSets(Values &sums) const {
  if (sumCount > 1)
    for (Value &sum : sums)
      sum = toElement(kb, sum, c.sum);
  unsigned one = plan.accumulators(rowClass->rows, *columns);
  for (unsigned s = 1; s < sumCount; ++s)
    for (unsigned i = 0; i < one; ++i)
      sums[i] = addLanes(kb, sums[i], sums[s * one + i]);
  sums.truncate(one);
}

/// Gives each row its own part of the shared tails.
void TileEmitter::splitTails(Values &sums) const {
  unsigned per = plan.rowsPerTail(*columns);
  if (per == 1)
    return;
  unsigned own = columns->columns.size() - 1;
  int64_t width = columns->columns.back().width;
  Values rows;
  for (unsigned i = 0; i < rowClass->rows; ++i) {
    llvm::append_range(rows, ArrayRef(sums).slice(i * own, own));
    rows.push_back(vector::ExtractStridedSliceOp::create(
        b, loc, sums[rowClass->rows * own + i / per],
        ArrayRef<int64_t>{int64_t(i % per) * width}, ArrayRef<int64_t>{width},
        ArrayRef<int64_t>{1}));
  }
  sums = std::move(rows);
}

TileEmitter::Step TileEmitter::moved(const Step &step, unsigned loop,
                                     Value index, int64_t more) const {
  Step next = step;
  if (index) {
    for (unsigned load : c.scalarLoads)
      next.position.accesses[load] =
          advance(kb, next.position.accesses[load], index,
                  c.nest.accesses[load].strides[loop]);
    next.source = advance(kb, next.source, index, source.strides[loop]);
    next.prepared = advance(kb, next.prepared, index, 1);
    if (fetched)
      next.resultRow = advance(kb, next.resultRow, index, 1);
    if (plan.nextRows)
      next.nextRows = advance(kb, next.nextRows, index, kLineElements);
    if (plan.ahead)
      next.ahead = advance(kb, next.ahead, index, source.strides[loop]);
  }
  if (more) {
    for (unsigned load : c.scalarLoads)
      next.position.accesses[load].fixed +=
          more * c.nest.accesses[load].strides[loop];
    next.source.fixed += more * source.strides[loop];
    next.prepared.fixed += more;
    next.resultRow.fixed += more;
    if (plan.nextRows)
      next.nextRows.fixed += more * kLineElements;
    if (plan.ahead)
      next.ahead.fixed += more * source.strides[loop];
  }
  return next;
}

/// Whether the loop at `level` and all inside it are written out.
bool TileEmitter::isUnrolled(unsigned level) const {
  int64_t width = columns->columns.size();
  int64_t work = plan.accumulators(rowClass->rows, *columns);
  int64_t steps = 1;
  // Steps side by side need registers for the operands of two of them. Where
  // there are few registers, operands come from memory anyway.
  if (kb.spec.vectorRegisters >= 32 &&
      work + 2 * (width + 1) > kb.spec.vectorRegisters)
    return false;
  for (unsigned i = level; i < c.reductionLoops.size(); ++i) {
    const Window *window = findWindow(c.windows, c.reductionLoops[i]);
    if ((window && !window->alongRow) ||
        (c.shift() && c.shift()->loop == c.reductionLoops[i]))
      return false;
    steps *= c.extent(c.reductionLoops[i]);
  }
  return steps <= 8 && steps * work <= kUnrolledWork;
}

/// Steps of the loop at `level` per iteration.
unsigned TileEmitter::unrollOf(unsigned level) const {
  if (level + 1 != c.reductionLoops.size())
    return 1;
  unsigned work = plan.accumulators(rowClass->rows, *columns);
  unsigned unroll = std::max(1u, std::min(8u, kBodyWork / work));
  unsigned whole = std::max(sumCount, plan.group);
  return std::max(unroll / whole, 1u) * whole;
}

void TileEmitter::reduce(unsigned level, Step step, Values &sums) {
  if (level == c.reductionLoops.size()) {
    multiply(step, sums);
    return;
  }
  if (sums.empty() && level == blocks->level)
    return reduceBlocks(step);
  unsigned loop = c.reductionLoops[level];
  int64_t extent = c.extent(loop);
  const Window *window = findWindow(c.windows, loop);
  if (window && window->alongRow && !rowClass->inside.empty()) {
    for (int64_t k = 0; k < extent; ++k) {
      Step next = moved(step, loop, Value(), k);
      next.rows = rowClass->inside[k];
      next.rolled = true;
      if (next.rows.first < next.rows.second)
        reduce(level + 1, next, sums);
    }
    return;
  }
  if (window && !window->alongRow) {
    unsigned number = window - c.windows.begin();
    auto [low, high] =
        clipSteps(kb, step.position.borders[number],
                  window->border.factors[loop], window->border.size, extent);
    reduceLoop(level, step, sums, low, high, 1);
    return;
  }
  if (c.shift() && c.shift()->loop == loop) {
    reduceSegments(level, step, sums);
    return;
  }
  if (!step.rolled && isUnrolled(level)) {
    reduceSteps(level, step, sums, 0, extent);
    return;
  }
  reduceRange(level, step, sums, extent);
}

/// The first `extent` steps of the loop at `level`, as a loop.
void TileEmitter::reduceRange(unsigned level, const Step &step, Values &sums,
                              int64_t extent) {
  unsigned unroll = unrollOf(level);
  int64_t main = extent / unroll * unroll;
  if (main > 0)
    reduceLoop(level, step, sums, kb.index(0), kb.index(main), unroll);
  reduceSteps(level, step, sums, main, extent);
}

/// The segments of a shifted loop: each reads elsewhere, or not at all where
/// its coordinate is outside of the tensor.
void TileEmitter::reduceSegments(unsigned level, const Step &step,
                                 Values &sums) {
  const FlatShift &shift = *c.shift();
  for (const ShiftSegment &segment : shift.segments) {
    Step next = step;
    next.position.accesses[c.shiftedLoad].fixed += segment.move;
    Value at = materialize(
        kb, step.position.borders[c.windows.size()].plus(segment.delta));
    // As unsigned numbers, negative coordinates are large.
    Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, at,
                                         kb.index(shift.border.size));
    Value first = kb.index(segment.first);
    Value last = arith::SelectOp::create(b, loc, inside,
                                         kb.index(segment.last), first);
    unsigned unroll = unrollOf(level);
    while ((segment.last - segment.first) % unroll != 0)
      unroll /= 2;
    reduceLoop(level, next, sums, first, last, unroll);
  }
}

/// Steps [first, last) of the loop at `level`, written out.
void TileEmitter::reduceSteps(unsigned level, const Step &step, Values &sums,
                              int64_t first, int64_t last) {
  bool grouped = plan.group > 1 && level + 1 == c.reductionLoops.size();
  Values group;
  for (int64_t k = first; k < last; ++k) {
    Step next = moved(step, c.reductionLoops[level], Value(), k);
    next.sum = (step.sum + unsigned(k - first)) % sumCount;
    if (level + 1 == c.reductionLoops.size())
      fetchAhead(next);
    if (grouped) {
      next.lane = unsigned(k - first) % plan.group;
      if (next.lane == 0)
        group = k + plan.group <= last ? loadGroup(next) : Values();
      next.group = group;
    }
    reduce(level + 1, next, sums);
  }
}

void TileEmitter::reduceLoop(unsigned level, const Step &step, Values &sums,
                             Value low, Value high, unsigned unroll) {
  sums = forCarry(kb, low, high, unroll, sums,
                  [&](Value index, ValueRange carried) {
                    Values next(carried);
                    Step here = moved(step, c.reductionLoops[level], index, 0);
                    here.sum = 0;
                    reduceSteps(level, here, next, 0, unroll);
                    return next;
                  });
}

/// The scalars of the group of steps that begins here.
TileEmitter::Values TileEmitter::loadGroup(const Step &step) {
  Values group;
  for (unsigned i = step.rows.first; i < step.rows.second; ++i)
    group.push_back(scalarOperand(step, i, plan.group));
  return group;
}

/// The scalar of a row, or those of `steps` steps or `rows` rows as a vector.
Value TileEmitter::scalarOperand(const Step &step, unsigned row, unsigned steps,
                                 unsigned rows) {
  if (scalars.memory)
    return loadLanes(kb, scalars.memory,
                     step.prepared.plus(row * scalars.pitch), steps > 1,
                     element, {steps, steps});
  unsigned last = c.reductionLoops.back();
  return prologueOf(kb, c, c.scalarYield, c.scalarLoads, [&](unsigned i) {
    const FlatAccess &access = c.nest.accesses[i];
    int64_t stride = c.rowLoop < 0 ? 0 : access.strides[c.rowLoop];
    unsigned count = std::max(steps, rows);
    int64_t along = steps > 1 ? access.strides[last] : rows > 1 ? stride : 0;
    return loadLanes(kb, kb.input(i),
                     step.position.accesses[i].plus(row * stride), along,
                     access.element, {count, count});
  });
}

Value TileEmitter::vectorOperand(const Step &step, const Column &column) {
  // Panels are padded to whole vectors.
  LaneGroup lanes{column.width, source.tile > 1 || c.packVector ? column.width
                                                                : column.valid};
  Value vector = loadLanes(kb, source.memory,
                           step.source.plus(source.laneOffset(column.offset)),
                           1, source.element, lanes);
  if (c.plainVector)
    return vector;
  return prologueOf(kb, c, c.vectorYield(), {c.vectorLoad},
                    [&](unsigned) { return vector; });
}

void TileEmitter::fetchAhead(const Step &step) {
  if (plan.ahead)
    fetchLine(kb, source.memory, step.ahead);
  if (plan.nextRows)
    fetchLine(kb, kb.input(c.scalarLoads.front()), step.nextRows);
  if (fetched) {
    Value row = minIndex(kb, materialize(kb, step.resultRow),
                         kb.index(rowClass->rows - 1));
    epilogue.fetchRow(*fetched, columns->columns, row);
  }
}

/// Fetches the tile's results, and what is added to them: where there are
/// steps enough, each takes a row. All at once they keep the core's other
/// misses waiting.
void TileEmitter::fetchResults(const Position &position) {
  fetched = nullptr;
  if (c.reductionPoints() < kFetchSteps &&
      epilogue.payloadOps() <= kShortPayload)
    return;
  // Elsewhere the instructions of a row in each step were counted, too many,
  // and their gain was not measured.
  bool plain = kb.spec.isX86() && c.reductionLoops.size() == 1 &&
               c.windows.empty() && !c.shift();
  if (plain && rowClass->rows > 1 && c.rowLoop >= 0 &&
      c.reductionPoints() >= 2 * rowClass->rows)
    fetched = &position;
  else
    epilogue.fetch(position, columns->columns, rowClass->rows);
}

/// The last column's vector as often as lanes have room for it.
Value TileEmitter::repeated(Value tail) const {
  SmallVector<int64_t> lanes;
  for (unsigned i = 0; i < plan.lanes; ++i)
    lanes.push_back(i % columns->columns.back().width);
  return vector::ShuffleOp::create(b, loc, tail, tail, lanes);
}

/// `scalar` in the lanes of row `part` of a shared tail, `others` elsewhere.
Value TileEmitter::joinTail(Value others, Value scalar, unsigned part) const {
  Value splat = toLanes(b, loc, scalar, plan.lanes);
  if (part == 0)
    return splat;
  return arith::SelectOp::create(b, loc, tailMasks[part], splat, others);
}

/// The lanes of each row of a shared tail.
void TileEmitter::makeTailMasks() {
  tailMasks.clear();
  unsigned width = columns->columns.back().width;
  auto type = VectorType::get({int64_t(plan.lanes)}, b.getI1Type());
  for (unsigned part = 0; part < plan.rowsPerTail(*columns); ++part) {
    if (plan.lanes == 16 && kb.spec.maskedMemory) {
      // LLVM must not know the mask: it would turn a blend, which any pipe
      // takes, into a permutation, which takes one of those that multiply.
      Value bits = arith::ConstantOp::create(
          b, loc, b.getI16IntegerAttr(((1 << width) - 1) << part * width));
      bits = LLVM::InlineAsmOp::create(
                 b, loc, b.getI16Type(), bits, "", "=r,0",
                 /*has_side_effects=*/false, /*is_align_stack=*/false,
                 LLVM::TailCallKind::None, LLVM::AsmDialectAttr(),
                 ArrayAttr())
                 .getResult(0);
      tailMasks.push_back(LLVM::BitcastOp::create(b, loc, type, bits));
      continue;
    }
    SmallVector<bool> mask;
    for (unsigned i = 0; i < plan.lanes; ++i)
      mask.push_back(i / width == part);
    tailMasks.push_back(arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(type, mask)));
  }
}

/// What multiplies the vectors of a row, in `width` lanes. `loaded` carries a
/// vector of several rows' scalars from row to row.
Value TileEmitter::factor(const Step &step, unsigned row, unsigned width,
                          Value &loaded) {
  unsigned number = row - step.rows.first;
  if (!step.group.empty())
    return splatLane(kb, step.group[number], step.lane, width);
  unsigned lane = number % plan.beside, first = row - lane;
  unsigned count =
      llvm::bit_floor(std::min(plan.beside, step.rows.second - first));
  if (lane >= count || count == 1)
    return toLanes(b, loc, scalarOperand(step, row), width);
  if (lane == 0)
    loaded = scalarOperand(step, row, 1, count);
  return splatLane(kb, loaded, lane, width);
}

/// One step of the reduction for all rows that are inside of the tensor.
void TileEmitter::multiply(const Step &step, Values &sums) {
  ArrayRef<Column> cols = columns->columns;
  Values vectors;
  for (const Column &column : cols)
    vectors.push_back(vectorOperand(step, column));
  unsigned per = plan.rowsPerTail(*columns), rows = rowClass->rows;
  unsigned own = cols.size() - (per > 1 ? 1 : 0);
  if (per > 1)
    vectors.back() = repeated(vectors.back());
  unsigned first = step.sum * plan.accumulators(rows, *columns);
  Value loaded, joined;
  for (unsigned i = step.rows.first; i < step.rows.second; ++i) {
    Value scalar = per > 1 ? scalarOperand(step, i) : Value();
    // Vectors of a step have one width, but for the last one.
    Value splat;
    for (unsigned j = 0; j < own; ++j) {
      Value &sum = sums[first + i * own + j];
      if (!splat || lanesOf(splat) != cols[j].width)
        splat = scalar ? toLanes(b, loc, scalar, cols[j].width)
                       : factor(step, i, cols[j].width, loaded);
      sum = multiplyAdd(kb, splat, vectors[j], sum);
    }
    if (per == 1)
      continue;
    joined = joinTail(joined, scalar, i % per);
    if (i % per == per - 1 || i + 1 == rows) {
      Value &sum = sums[first + rows * own + i / per];
      sum = multiplyAdd(kb, joined, vectors.back(), sum);
    }
  }
}
