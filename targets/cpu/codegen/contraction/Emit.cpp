// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Emit.h"

#include "targets/common/SplitForms.h"
#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/contraction/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// A stream that is read once at the speed of memory is fetched so far ahead:
/// a few microseconds, and a small part of the second-level cache.
static constexpr int64_t kStreamAheadBytes = 24 << 10;

namespace {

/// The loops around the register tiles: pieces of work, then within a piece
/// batch points, column blocks, outer rows and tiles along the row.
class LoopEmitter {
public:
  LoopEmitter(KernelBuilder &kb, const Contraction &c, const TilePlan &plan)
      : kb(kb), c(c), plan(plan), source(makeSource()), preparer(kb, c, plan),
        tile(kb, c, plan, source, preparer.rows()) {}

  void emit();

private:
  VectorSource makeSource();
  using Ranges = SmallVector<std::pair<Value, Value>, 4>;
  void describeTiles();
  void piece(const Ranges &ranges);
  using RowBody =
      function_ref<void(const Position &, Offset ahead, const RowClass &,
                        Value first)>;
  using BlockBody =
      function_ref<void(const Position &, Offset, const ColumnClass &)>;
  void forRows(const Ranges &ranges, const Position &position, RowBody body);
  void forBlocks(const Ranges &ranges, const Position &position,
                 BlockBody body);
  void block(const ColumnClass &columns, Value number, Position position,
             BlockBody body);
  int64_t aheadDistance() const;
  Offset aheadPart(const Ranges &ranges, Value outer, Value number);
  void forPreparedRows(const Ranges &ranges, const Position &position);
  void preparedTiles(const Ranges &ranges, const Position &position,
                     const RowClass &rows, Value low, Value high);
  Value isFirst(Value number);
  void pack(const ColumnClass &columns, Offset from);
  void packLevel(const ColumnClass &columns, unsigned level, Offset from,
                 Offset to);
  void moveAll(Position &position, ArrayRef<unsigned> loops, Value flat);
  void moveTo(Position &position, unsigned loop, Value index);

  KernelBuilder &kb;
  const Contraction &c;
  const TilePlan &plan;
  VectorSource source;
  RowPreparer preparer;
  TileEmitter tile;
};

VectorSource LoopEmitter::makeSource() {
  const FlatAccess &access = c.vectorAccess();
  VectorSource result;
  result.strides.assign(c.nest.loops.size(), 0);
  if (!c.packVector) {
    result.memory = kb.input(c.vectorLoad);
    result.element = access.element;
    for (unsigned loop : c.reductionLoops)
      result.strides[loop] = access.strides[loop];
    result.tile = access.tile;
    result.tileStride = access.tileStride;
    return result;
  }
  int64_t stride = plan.blockWidth();
  for (unsigned loop : llvm::reverse(c.reductionLoops)) {
    result.strides[loop] = stride;
    stride *= c.extent(loop);
  }
  result.memory = kb.scratch(stride, c.element);
  result.element = c.element;
  return result;
}

void LoopEmitter::moveTo(Position &position, unsigned loop, Value index) {
  position.move(kb, c.nest, loop, index);
  for (auto [offset, window] : llvm::zip(position.borders, c.windows))
    if (!window.alongRow)
      offset = advance(kb, offset, index, window.border.factors[loop]);
  // A shifted coordinate comes after those of the windows.
  if (const FlatShift *shift = c.shift())
    position.borders.back() = advance(kb, position.borders.back(), index,
                                      shift->border.factors[loop]);
}

void LoopEmitter::moveAll(Position &position, ArrayRef<unsigned> loops,
                          Value flat) {
  SmallVector<int64_t> extents;
  for (unsigned loop : loops)
    extents.push_back(c.extent(loop));
  for (auto [loop, index] :
       llvm::zip_equal(loops, unflatten(kb, flat, extents)))
    moveTo(position, loop, index);
}

/// Says which dimensions of the domain the tiles cut.
void LoopEmitter::describeTiles() {
  SmallVector<Attribute> axes;
  int64_t divisor = 1;
  for (int i : llvm::reverse(plan.order)) {
    int64_t count = plan.parts(i);
    SmallVector<unsigned> loops;
    if (i == 0)
      llvm::append_range(loops, c.batchLoops);
    else if (i == 2)
      llvm::append_range(loops, c.outerRowLoops);
    else if (i == 3 && c.rowLoop >= 0)
      loops.push_back(c.rowLoop);
    if (loops.size() == 1 && c.nest.loops[loops[0]].dims.size() == 1)
      axes.push_back(kb.b.getDenseI64ArrayAttr(
          {int64_t(c.nest.loops[loops[0]].dims[0]), divisor, count,
           plan.chunks[i] * (i == 3 ? plan.rows : 1)}));
    divisor *= count;
  }
  kb.b.getInsertionBlock()->getParentOp()->setAttr(kTileAxesAttr,
                                                   kb.b.getArrayAttr(axes));
}

void LoopEmitter::emit() {
  describeTiles();
  forRange(kb, kb.tileBegin, kb.tileEnd, [&](Value number) {
    SmallVector<int64_t> parts;
    for (int i : plan.order)
      parts.push_back(plan.parts(i));
    SmallVector<Value> indices = unflatten(kb, number, parts);
    Ranges ranges(4);
    for (auto [i, index] : llvm::zip_equal(plan.order, indices)) {
      if (plan.parts(i) == 1) {
        ranges[i] = {kb.index(0), kb.index(plan.counts[i])};
        continue;
      }
      Offset low = advance(kb, {}, index, plan.chunks[i]);
      Value first = materialize(kb, low);
      Value last = materialize(kb, low.plus(plan.chunks[i]));
      if (plan.counts[i] % plan.chunks[i] != 0)
        last = minIndex(kb, last, kb.index(plan.counts[i]));
      ranges[i] = {first, last};
    }
    piece(ranges);
  });
}

void LoopEmitter::piece(const Ranges &ranges) {
  forRange(kb, ranges[0].first, ranges[0].second, [&](Value batch) {
    Position position = Position::origin(c.nest);
    for (const Window &window : c.windows)
      position.borders.push_back({Value(), window.border.offset});
    if (const FlatShift *shift = c.shift())
      position.borders.push_back({Value(), shift->border.offset});
    moveAll(position, c.batchLoops, batch);
    if (c.prepareScalar)
      return forPreparedRows(ranges, position);
    forBlocks(
        ranges, position,
        [&](const Position &start, Offset vectors, const ColumnClass &columns) {
          forRows(ranges, start,
                  [&](const Position &row, Offset part, const RowClass &rows,
                      Value first) {
                    Offset ahead = addOffsets(kb, vectors, part);
                    tile.emit(row, vectors, ahead, columns, rows, {}, first);
                  });
        });
  });
}

void LoopEmitter::forBlocks(const Ranges &ranges, const Position &position,
                            BlockBody body) {
  for (const ColumnClass &columns : plan.columnClasses) {
    auto [low, high] = clipRange(kb, ranges[1], columns.firstBlock,
                                 columns.blockCount, plan.counts[1]);
    forRange(kb, low, high,
             [&](Value number) { block(columns, number, position, body); });
  }
}

void LoopEmitter::block(const ColumnClass &columns, Value number,
                        Position position, BlockBody body) {
  int64_t width = plan.blockWidth();
  const FlatAccess &access = c.vectorAccess();
  Offset vectors = position.accesses[c.vectorLoad];
  if (access.tile > width) {
    // Several blocks share a panel.
    SmallVector<Value> at =
        unflatten(kb, number, {plan.counts[1], access.tile / width});
    vectors = advance(kb, vectors, at[0], access.tileStride);
    vectors = advance(kb, vectors, at[1], width);
  } else {
    int64_t step = access.tile > 1 ? width / access.tile * access.tileStride
                                   : width * access.strides[c.vectorLoop];
    vectors = advance(kb, vectors, number, step);
  }
  for (auto [offset, other] :
       llvm::zip_equal(position.accesses, c.nest.accesses))
    offset = advance(kb, offset, number, width * other.strides[c.vectorLoop]);
  if (!position.loops.empty())
    position.loops[c.vectorLoop] =
        advance(kb, position.loops[c.vectorLoop], number, width);
  if (c.packVector) {
    pack(columns, vectors);
    vectors = Offset();
  }
  body(position, vectors, columns);
}

void LoopEmitter::forRows(const Ranges &ranges, const Position &position,
                          RowBody body) {
  forRange(kb, ranges[2].first, ranges[2].second, [&](Value outer) {
    Position row = position;
    moveAll(row, c.outerRowLoops, outer);
    for (const RowClass &rowClass : plan.rowClasses) {
      auto [low, high] = clipRange(kb, ranges[3], rowClass.firstTile,
                                   rowClass.tileCount, plan.counts[3]);
      forRange(kb, low, high, [&](Value number) {
        Position start = row;
        if (c.rowLoop >= 0) {
          Offset first = advance(kb, {}, number, plan.rows);
          moveTo(start, c.rowLoop, materialize(kb, first));
        }
        body(start, aheadPart(ranges, outer, number), rowClass,
             isFirst(number));
      });
    }
  });
}

/// Elements from a block to what is fetched ahead meanwhile: the next block,
/// or, where a single row reads one stream, what it needs soon.
int64_t LoopEmitter::aheadDistance() const {
  if (plan.counts[2] * plan.counts[3] == 1)
    return kStreamAheadBytes / 4;
  return plan.blockWidth() / source.tile * source.tileStride;
}

/// From the current block to the panel of the next that a row tile fetches;
/// nowhere for tiles beyond its panels, whose own lines are in the cache.
Offset LoopEmitter::aheadPart(const Ranges &ranges, Value outer,
                              Value number) {
  if (!plan.ahead)
    return {};
  // The place among the tiles of a block, which are a band's where bands come
  // first, else those of several pieces.
  if (plan.order[3] == 1) {
    outer = arith::SubIOp::create(kb.b, kb.loc, outer, ranges[2].first);
    number = arith::SubIOp::create(kb.b, kb.loc, number, ranges[3].first);
  }
  Offset tile = advance(kb, advance(kb, {}, outer, plan.counts[3]), number, 1);
  Value panel = materialize(kb, tile);
  Value fetches = arith::CmpIOp::create(
      kb.b, kb.loc, arith::CmpIPredicate::ult, panel,
      kb.index(plan.blockWidth() / source.tile));
  Offset start =
      advance(kb, {Value(), aheadDistance()}, panel, source.tileStride);
  return {arith::SelectOp::create(kb.b, kb.loc, fetches,
                                  materialize(kb, start), kb.index(0)),
          0};
}

/// Whether the tile `number` is the first of its row; null where nobody asks.
Value LoopEmitter::isFirst(Value number) {
  if (!c.sumsRow)
    return {};
  return arith::CmpIOp::create(kb.b, kb.loc, arith::CmpIPredicate::eq, number,
                               kb.index(0));
}

/// Tiles whose scalar operand is computed: some tiles' rows at once, then all
/// column blocks for these.
void LoopEmitter::forPreparedRows(const Ranges &ranges,
                                  const Position &position) {
  forRange(kb, ranges[2].first, ranges[2].second, [&](Value outer) {
    Position row = position;
    moveAll(row, c.outerRowLoops, outer);
    for (const RowClass &rows : plan.rowClasses) {
      auto [low, high] = clipRange(kb, ranges[3], rows.firstTile,
                                   rows.tileCount, plan.counts[3]);
      int64_t step = std::min(preparer.rows().tiles, rows.tileCount);
      forCarry(kb, low, high, step, {}, [&, high = high](Value first,
                                                         ValueRange) {
        Value last = arith::AddIOp::create(kb.b, kb.loc, first, kb.index(step));
        preparedTiles(ranges, row, rows, first, minIndex(kb, last, high));
        return SmallVector<Value>();
      });
    }
  });
}

void LoopEmitter::preparedTiles(const Ranges &ranges, const Position &position,
                                const RowClass &rows, Value low, Value high) {
  Position start = position;
  if (c.rowLoop >= 0)
    moveTo(start, c.rowLoop, materialize(kb, advance(kb, {}, low, plan.rows)));
  Value tiles = arith::SubIOp::create(kb.b, kb.loc, high, low);
  Value count =
      arith::MulIOp::create(kb.b, kb.loc, tiles, kb.index(rows.rows));
  preparer.emit(start, count);
  forBlocks(ranges, start,
            [&](const Position &block, Offset vectors,
                const ColumnClass &columns) {
              forRange(kb, kb.index(0), tiles, [&](Value number) {
                Position at = block;
                if (c.rowLoop >= 0)
                  moveTo(at, c.rowLoop,
                         materialize(kb, advance(kb, {}, number, plan.rows)));
                Offset prepared = advance(kb, {}, number,
                                          plan.rows * preparer.rows().pitch);
                Value place =
                    arith::AddIOp::create(kb.b, kb.loc, low, number);
                tile.emit(at, vectors, Offset(), columns, rows, prepared,
                          isFirst(place));
              });
            });
}

/// Copies the block's panel to scratch: lanes side by side, zeros after the
/// last.
void LoopEmitter::pack(const ColumnClass &columns, Offset from) {
  packLevel(columns, 0, from, Offset());
}

void LoopEmitter::packLevel(const ColumnClass &columns, unsigned level,
                            Offset from, Offset to) {
  const FlatAccess &access = c.vectorAccess();
  if (level < c.reductionLoops.size()) {
    unsigned loop = c.reductionLoops[level];
    forRange(kb, kb.index(0), kb.index(c.extent(loop)), [&](Value index) {
      packLevel(columns, level + 1,
                advance(kb, from, index, access.strides[loop]),
                advance(kb, to, index, source.strides[loop]));
    });
    return;
  }
  for (const Column &column : columns.columns) {
    int64_t stride = access.strides[c.vectorLoop];
    Value lanes =
        loadLanes(kb, kb.input(c.vectorLoad), from.plus(column.offset * stride),
                  stride, access.element, {column.width, column.valid});
    lanes = prologueOf(kb, c, c.vectorYield(), {c.vectorLoad},
                       [&](unsigned) { return lanes; });
    storeLanes(kb, source.memory, to.plus(column.offset), 1, c.element,
               {column.width, column.width}, lanes);
  }
}

} // namespace

/// What the kernel cannot do is split off beforehand.
static LogicalResult checkForms(DispatchOp op, const Contraction &c,
                                std::string &reason) {
  if (hasNorm(op) && !c.prepareScalar) {
    reason = "a normalised operand is not read in whole rows";
    return failure();
  }
  if (c.shift() && c.rowLoop >= 0 &&
      c.shift()->border.factors[c.rowLoop] != 0) {
    reason = "a shifted coordinate moves along the row";
    return failure();
  }
  if (c.sumsRow && c.rowLoop < 0) {
    reason = "sums run over a row that is not one of tiles";
    return failure();
  }
  return success();
}

FailureOr<KernelInfo> cpu::emitContraction(DispatchOp op, const CpuSpec &spec,
                                           ModuleOp kernels, StringRef symbol,
                                           std::string &reason) {
  FailureOr<Contraction> contraction = classify(op, spec, reason);
  if (failed(contraction))
    return failure();
  TilePlan plan = planTiles(*contraction, spec);
  if (failed(checkForms(op, *contraction, reason)))
    return failure();
  KernelBuilder kb(op, spec, kernels, symbol);
  LoopEmitter(kb, *contraction, plan).emit();
  KernelWork work = workOf(op, *contraction, spec, plan);
  setCost(op, spec, work);
  return kb.finish(plan.tileCount, work.flops);
}

DictionaryAttr cpu::contractionConfig(DispatchOp op, const CpuSpec &spec,
                                      std::string &reason) {
  FailureOr<Contraction> contraction = classify(op, spec, reason);
  if (failed(contraction))
    return {};
  TilePlan plan = planTiles(*contraction, spec);
  if (failed(checkForms(op, *contraction, reason)))
    return {};
  Builder b(op.getContext());
  NamedAttrList config;
  config.append("kernel", b.getStringAttr("contraction"));
  config.append("rows", b.getI64IntegerAttr(plan.rows));
  config.append("vectors", b.getI64IntegerAttr(plan.vectors));
  if (contraction->prepareScalar)
    config.append("prologue", b.getStringAttr(hasNorm(op) ? "norm" : "map"));
  if (hasSums(op))
    config.append("sums", b.getUnitAttr());
  // Kernels are shared by dispatches of equal texts, which lack the table.
  if (const FlatShift *shift = contraction->shift()) {
    SmallVector<int64_t> table;
    for (const ShiftSegment &segment : shift->segments)
      table.append({segment.first, segment.delta});
    config.append("shift", b.getDenseI64ArrayAttr(table));
  }
  SmallVector<int64_t> table;
  for (const FlatAccess &store : contraction->nest.stores())
    for (const FlatWrap &wrap : store.wraps)
      for (const ShiftSegment &segment : wrap.segments)
        table.append({segment.first, segment.delta});
  if (!table.empty())
    config.append("store_shift", b.getDenseI64ArrayAttr(table));
  return config.getDictionary(op.getContext());
}

/// Positions of a row to sum over, at least, where other rows could be in the
/// same register tile without sums: tiles of fewer wait for their weights.
static constexpr int64_t kShortestSums = 4;

bool cpu::sumsInContraction(DispatchOp op, const CpuSpec &spec,
                            std::string &reason) {
  FailureOr<Contraction> contraction = classify(op, spec, reason);
  if (failed(contraction))
    return false;
  if (contraction->sumsRow && contraction->rowExtent() < kShortestSums &&
      !contraction->outerRowLoops.empty()) {
    reason = "the rows are too short for register tiles";
    return false;
  }
  planTiles(*contraction, spec);
  if (contraction->rowLoop >= 0 || !contraction->sumsRow)
    return true;
  reason = "the row is none of register tiles";
  return false;
}

bool cpu::hasIndexedLoad(DispatchOp op) {
  return op.getKind() == RootKind::Contract &&
         llvm::any_of(op.getLoads(), [](Attribute access) {
           return !cast<AccessAttr>(access).getIndexAxes().empty();
         });
}
