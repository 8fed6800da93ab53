// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/window/Window.h"

#include "compiler/analysis/DispatchForm.h"
#include "targets/common/Payload.h"
#include "targets/common/SplitForms.h"
#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/nest/RowsAhead.h"
#include "targets/cpu/codegen/window/WindowPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

namespace {

class WindowEmitter {
public:
  WindowEmitter(KernelBuilder &kb, const WindowPlan &plan)
      : kb(kb), b(kb.b), loc(kb.loc), plan(plan), nest(plan.nest),
        element(plan.element),
        epilogue(kb, plan.nest, plan.vectorLoop, plan.rowLoop, plan.rows,
                 plan.vectors, plan.lanes, plan.result),
        ahead(kb, plan.nest, movingLoad(), plan.rowLoop, plan.outerLoops) {
    findProduct();
  }
  void emit();

private:
  using Values = SmallVector<Value>;
  /// A tap of the written-out loop and a row of the tile.
  struct Tap {
    int64_t step;
    unsigned row;
    int64_t place; ///< where the moving operand is read, to sort by
  };

  void findProduct();
  unsigned movingLoad() const;
  using Range = std::pair<Value, Value>;
  void piece(Range outer, Range blocks);
  void
  forBlocks(Range blocks, const Position &position,
            function_ref<void(const Position &, const ColumnClass &)> body);
  void forTiles(
      Range outer, const Position &position,
      function_ref<void(const Position &, const RowClass &, Value)> body);
  void moveTo(Position &position, unsigned loop, Value index);
  void tile(const Position &position, const ColumnClass &columns,
            const RowClass &rows, Value first);
  void windowLevel(unsigned level, const Position &position, Values &sums);
  void taps(const Position &position, Values &sums);
  void writtenTaps(const Position &position, int64_t low, int64_t high,
                   Values &sums);
  void loopOfTaps(const Position &position, int64_t low, int64_t high,
                  Values &sums);
  void addTap(const Position &position, const Tap &tap, unsigned number,
              Values &sums);
  std::pair<unsigned, unsigned> rowsInside(int64_t step) const;
  SmallVector<Tap> sortedTaps(int64_t low, int64_t high) const;
  Value load(const Position &position, unsigned load, const Tap &tap,
             const Column &column);
  Value combine(Value sum, Value value);

  KernelBuilder &kb;
  OpBuilder &b;
  Location loc;
  const WindowPlan &plan;
  const FlatNest &nest;
  Type element;
  TileEpilogue epilogue;
  RowsAhead ahead;
  /// The loads whose product the prologue is, if it is one.
  std::optional<std::pair<unsigned, unsigned>> product;
  const ColumnClass *columns = nullptr;
  const RowClass *rowClass = nullptr;
  /// Loads of the present window row: (load, offset from its position).
  std::map<std::pair<unsigned, int64_t>, Value> loaded;
};

void WindowEmitter::findProduct() {
  if (plan.combiner != ReduceKind::Sum)
    return;
  Value value = kb.op.getPrologueBlock().getTerminator()->getOperand(0);
  auto mul = value.getDefiningOp<arith::MulFOp>();
  if (!mul)
    return;
  if (!isPlainLoad(mul.getLhs(), element) ||
      !isPlainLoad(mul.getRhs(), element))
    return;
  product = {loadsBehind(mul.getLhs())[0], loadsBehind(mul.getRhs())[0]};
}

/// The load that moves along the row.
unsigned WindowEmitter::movingLoad() const {
  unsigned moving = plan.loads[0];
  for (unsigned load : plan.loads)
    if (nest.accesses[load].strides[plan.rowLoop] != 0)
      moving = load;
  return moving;
}

void WindowEmitter::moveTo(Position &position, unsigned loop, Value index) {
  position.move(kb, nest, loop, index);
  for (auto [offset, window] : llvm::zip_equal(position.borders, plan.windows))
    if (!window.alongRow)
      offset = advance(kb, offset, index, window.border.factors[loop]);
}

/// The range of a piece's part.
static std::pair<Value, Value> partOf(KernelBuilder &kb, Value number,
                                      int64_t count, int64_t perPiece) {
  if (perPiece >= count)
    return {kb.index(0), kb.index(count)};
  Offset low = advance(kb, {}, number, perPiece);
  Value last = materialize(kb, low.plus(perPiece));
  if (count % perPiece != 0)
    last = minIndex(kb, last, kb.index(count));
  return {materialize(kb, low), last};
}

void WindowEmitter::emit() {
  int64_t blockParts = llvm::divideCeil(plan.blockCount, plan.blocksPerPiece);
  int64_t outerParts = llvm::divideCeil(plan.outerCount, plan.outerPerPiece);
  forRange(kb, kb.tileBegin, kb.tileEnd, [&](Value number) {
    SmallVector<Value> parts = unflatten(kb, number, {outerParts, blockParts});
    piece(partOf(kb, parts[0], plan.outerCount, plan.outerPerPiece),
          partOf(kb, parts[1], plan.blockCount, plan.blocksPerPiece));
  });
}

void WindowEmitter::piece(Range outer, Range blocks) {
  Position origin = Position::origin(nest);
  for (const Window &window : plan.windows)
    origin.borders.push_back({Value(), window.border.offset});
  if (plan.blocksOutside)
    return forBlocks(
        blocks, origin, [&](const Position &at, const ColumnClass &columns) {
          forTiles(outer, at,
                   [&](const Position &start, const RowClass &rows,
                       Value first) { tile(start, columns, rows, first); });
        });
  forTiles(outer, origin,
           [&](const Position &at, const RowClass &rows, Value first) {
             forBlocks(blocks, at,
                       [&](const Position &start, const ColumnClass &columns) {
                         tile(start, columns, rows, first);
                       });
           });
}

void WindowEmitter::forBlocks(
    Range blocks, const Position &position,
    function_ref<void(const Position &, const ColumnClass &)> body) {
  int64_t width = int64_t(plan.vectors) * plan.lanes;
  for (const ColumnClass &columns : plan.columnClasses) {
    auto [low, high] = clipRange(kb, blocks, columns.firstBlock,
                                 columns.blockCount, plan.blockCount);
    forRange(kb, low, high, [&](Value block) {
      Position start = position;
      for (auto [offset, access] :
           llvm::zip_equal(start.accesses, nest.accesses))
        offset =
            advance(kb, offset, block, width * access.strides[plan.vectorLoop]);
      body(start, columns);
    });
  }
}

void WindowEmitter::forTiles(
    Range outer, const Position &position,
    function_ref<void(const Position &, const RowClass &, Value)> body) {
  SmallVector<int64_t> extents;
  for (unsigned loop : plan.outerLoops)
    extents.push_back(plan.extent(loop));
  forRange(kb, outer.first, outer.second, [&](Value flat) {
    Position at = position;
    for (auto [loop, index] :
         llvm::zip_equal(plan.outerLoops, unflatten(kb, flat, extents)))
      moveTo(at, loop, index);
    for (const RowClass &rows : plan.rowClasses)
      forRange(kb, kb.index(rows.firstTile),
               kb.index(rows.firstTile + rows.tileCount), [&](Value number) {
                 Position start = at;
                 Offset first = advance(kb, {}, number, plan.rows);
                 moveTo(start, plan.rowLoop, materialize(kb, first));
                 Value isFirst;
                 if (plan.sumsRow)
                   isFirst = arith::CmpIOp::create(
                       b, loc, arith::CmpIPredicate::eq, number, kb.index(0));
                 body(start, rows, isFirst);
               });
  });
}

void WindowEmitter::tile(const Position &position, const ColumnClass &columns,
                         const RowClass &rows, Value first) {
  this->columns = &columns;
  rowClass = &rows;
  double neutral = 0;
  if (plan.combiner != ReduceKind::Sum)
    neutral = plan.combiner == ReduceKind::Max ? -INFINITY : INFINITY;
  Values sums;
  for (unsigned i = 0; i < rows.rows; ++i)
    for (const Column &column : columns.columns)
      sums.push_back(makeConstant(
          b, loc, VectorType::get({int64_t(column.width)}, element), neutral));
  ahead.fetch(position, rows.rows, columns.columns,
              nest.accesses[movingLoad()].strides[plan.vectorLoop]);
  windowLevel(0, position, sums);
  epilogue.emit(
      position, columns.columns, rows.rows,
      [&](unsigned i) { return toElement(kb, sums[i], plan.result); }, first);
}

void WindowEmitter::windowLevel(unsigned level, const Position &position,
                                Values &sums) {
  if (level == plan.windowLoops.size()) {
    taps(position, sums);
    return;
  }
  unsigned loop = plan.windowLoops[level];
  Value low = kb.index(0), high = kb.index(plan.extent(loop));
  if (const Window *window = findWindow(plan.windows, loop)) {
    unsigned number = window - plan.windows.begin();
    std::tie(low, high) =
        clipSteps(kb, position.borders[number], window->border.factors[loop],
                  window->border.size, plan.extent(loop));
  }
  sums = forCarry(kb, low, high, 1, sums, [&](Value index, ValueRange carried) {
    Values next(carried);
    Position here = position;
    for (unsigned load : plan.loads)
      here.accesses[load] = advance(kb, here.accesses[load], index,
                                    nest.accesses[load].strides[loop]);
    windowLevel(level + 1, here, next);
    return next;
  });
}

/// The tile's rows that are inside of the tensor at a step, [first, second).
std::pair<unsigned, unsigned> WindowEmitter::rowsInside(int64_t step) const {
  if (rowClass->inside.empty())
    return {0, rowClass->rows};
  return rowClass->inside[step];
}

/// The taps of steps [low, high) inside of the tensor in the order in which
/// the moving operand's elements lie, so that each is loaded once and soon
/// used up.
SmallVector<WindowEmitter::Tap> WindowEmitter::sortedTaps(int64_t low,
                                                          int64_t high) const {
  const FlatAccess &access = nest.accesses[movingLoad()];
  int64_t tapStride =
      plan.tapLoops.empty() ? 0 : access.strides[plan.tapLoops[0]];
  SmallVector<Tap> taps;
  for (int64_t step = low; step < high; ++step) {
    auto [first, last] = rowsInside(step);
    for (unsigned row = first; row < last; ++row)
      taps.push_back(
          {step, row, step * tapStride + row * access.strides[plan.rowLoop]});
  }
  llvm::sort(taps, [](const Tap &x, const Tap &y) {
    return std::tie(x.place, x.step) < std::tie(y.place, y.step);
  });
  return taps;
}

Value WindowEmitter::load(const Position &position, unsigned load,
                          const Tap &tap, const Column &column) {
  const FlatAccess &access = nest.accesses[load];
  int64_t at = column.offset * access.strides[plan.vectorLoop] +
               tap.row * access.strides[plan.rowLoop];
  if (!plan.tapLoops.empty())
    at += tap.step * access.strides[plan.tapLoops[0]];
  Value &value = loaded[{load, at}];
  if (!value)
    value = loadLanes(kb, kb.input(load), position.accesses[load].plus(at),
                      access.strides[plan.vectorLoop], access.element,
                      column.lanes());
  return value;
}

Value WindowEmitter::combine(Value sum, Value value) {
  value = toLanes(b, loc, value, lanesOf(sum));
  if (plan.combiner == ReduceKind::Sum)
    return arith::AddFOp::create(b, loc, sum, value);
  // NaN wins, but which zero does is of no account.
  auto flags = arith::FastMathFlags::nsz;
  if (plan.combiner == ReduceKind::Max)
    return arith::MaximumFOp::create(b, loc, sum, value, flags);
  return arith::MinimumFOp::create(b, loc, sum, value, flags);
}

void WindowEmitter::taps(const Position &position, Values &sums) {
  int64_t count = plan.taps();
  if (!plan.manyTaps)
    return writtenTaps(position, 0, count, sums);
  auto isWhole = [&](int64_t step) {
    return rowsInside(step) == std::make_pair(0u, rowClass->rows);
  };
  int64_t low = 0;
  while (low < count && !isWhole(low))
    ++low;
  int64_t high = low;
  while (high < count && isWhole(high))
    ++high;
  writtenTaps(position, 0, low, sums);
  if (low < high)
    loopOfTaps(position, low, high, sums);
  writtenTaps(position, high, count, sums);
}

/// Adds what a tap contributes to column `number` of its row.
void WindowEmitter::addTap(const Position &position, const Tap &tap,
                           unsigned number, Values &sums) {
  const Column &column = columns->columns[number];
  Value &sum = sums[tap.row * columns->columns.size() + number];
  auto argument = [&](unsigned i) { return load(position, i, tap, column); };
  if (product) {
    Value x = toLanes(b, loc, argument(product->first), column.width);
    Value y = toLanes(b, loc, argument(product->second), column.width);
    sum = multiplyAdd(kb, x, y, sum);
    return;
  }
  Value value = clonePayload(b, kb.op.getPrologueBlock(), argument).front();
  sum = combine(sum, value);
}

void WindowEmitter::writtenTaps(const Position &position, int64_t low,
                                int64_t high, Values &sums) {
  SmallVector<Tap> order = sortedTaps(low, high);
  for (unsigned j = 0; j < columns->columns.size(); ++j) {
    loaded.clear();
    for (const Tap &tap : order)
      addTap(position, tap, j, sums);
  }
  loaded.clear();
}

/// Steps at which all rows are inside: one weight in a register, the inputs
/// from memory.
void WindowEmitter::loopOfTaps(const Position &position, int64_t low,
                               int64_t high, Values &sums) {
  unsigned loop = plan.tapLoops[0];
  sums = forCarry(
      kb, kb.index(low), kb.index(high), 1, sums,
      [&](Value step, ValueRange carried) {
        Values next(carried);
        Position here = position;
        for (unsigned load : plan.loads)
          here.accesses[load] = advance(kb, here.accesses[load], step,
                                        nest.accesses[load].strides[loop]);
        loaded.clear();
        for (unsigned j = 0; j < columns->columns.size(); ++j)
          for (unsigned row = 0; row < rowClass->rows; ++row)
            addTap(here, {0, row, 0}, j, next);
        loaded.clear();
        return next;
      });
}

} // namespace

FailureOr<KernelInfo> cpu::emitWindow(DispatchOp op, const CpuSpec &spec,
                                      ModuleOp kernels, StringRef symbol,
                                      std::string &reason) {
  FailureOr<WindowPlan> plan = planWindow(op, spec, reason);
  if (failed(plan))
    return failure();
  KernelBuilder kb(op, spec, kernels, symbol);
  WindowEmitter(kb, *plan).emit();
  KernelWork work = workOf(op, *plan);
  setCost(op, spec, work);
  return kb.finish(plan->tileCount, work.flops);
}

DictionaryAttr cpu::windowConfig(DispatchOp op, const CpuSpec &spec,
                                 std::string &reason) {
  FailureOr<WindowPlan> plan = planWindow(op, spec, reason);
  if (failed(plan))
    return {};
  Builder b(op.getContext());
  NamedAttrList config;
  config.append("kernel", b.getStringAttr("window"));
  config.append("rows", b.getI64IntegerAttr(plan->rows));
  config.append("vectors", b.getI64IntegerAttr(plan->vectors));
  if (plan->blocksOutside)
    config.append("blocks_outside", b.getUnitAttr());
  if (hasSums(op))
    config.append("sums", b.getUnitAttr());
  return config.getDictionary(op.getContext());
}
