// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/nest/Columns.h"

#include "compiler/support/Constants.h"
#include "targets/common/Payload.h"
#include "targets/cpu/codegen/dispatch/Transpose.h"
#include "targets/cpu/codegen/nest/RowsAhead.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Payload ops per vector above which the epilogue is a loop over rows.
static constexpr unsigned kStraightPayload = 3;

/// Bytes of a line of the caches.
static constexpr int64_t kLineBytes = 64;

SmallVector<ColumnClass, 2>
cpu::makeColumnClasses(int64_t extent, unsigned vectors, unsigned lanes) {
  SmallVector<ColumnClass, 2> classes;
  int64_t width = int64_t(vectors) * lanes, full = extent / width;
  if (full > 0) {
    ColumnClass main{0, full, {}};
    for (unsigned v = 0; v < vectors; ++v)
      main.columns.push_back({int64_t(v) * lanes, lanes, lanes});
    classes.push_back(std::move(main));
  }
  int64_t rest = extent - full * width;
  if (rest == 0)
    return classes;
  ColumnClass tail{full, 1, {}};
  int64_t at = 0;
  for (; at + lanes <= rest; at += lanes)
    tail.columns.push_back({at, lanes, lanes});
  if (at < rest)
    tail.columns.push_back(
        {at, unsigned(llvm::PowerOf2Ceil(rest - at)), unsigned(rest - at)});
  classes.push_back(std::move(tail));
  return classes;
}

std::pair<Value, Value> cpu::clipRange(KernelBuilder &kb,
                                       std::pair<Value, Value> range,
                                       int64_t first, int64_t count,
                                       int64_t total) {
  if (first == 0 && count == total)
    return range;
  return {maxIndex(kb, range.first, kb.index(first)),
          minIndex(kb, range.second, kb.index(first + count))};
}

TileEpilogue::TileEpilogue(KernelBuilder &kb, const FlatNest &nest,
                           unsigned vectorLoop, int rowLoop, unsigned rows,
                           unsigned vectors, unsigned lanes, Type element)
    : kb(kb), nest(nest), vectorLoop(vectorLoop), rowLoop(rowLoop),
      pitch(int64_t(vectors) * lanes), lanes(lanes), element(element) {
  for (Operation &op : kb.op.getEpilogueBlock().without_terminator())
    ops += !op.hasTrait<OpTrait::ConstantLike>();
  // What goes lane by lane is as long as it has lanes.
  for (auto [i, access] : llvm::enumerate(nest.accesses)) {
    int64_t stride = access.strides[vectorLoop];
    bool used = i >= nest.loads ||
                !kb.op.getEpilogueBlock().getArgument(1 + i).use_empty();
    if (used && stride != 0 && stride != 1)
      ops += lanes;
  }
  for (const FlatAccess &store : nest.stores())
    ops += store.wraps.empty() ? 0 : lanes;
  // A sum over a single position is a store like any other.
  for (auto [s, store] : llvm::enumerate(nest.stores()))
    if (kb.op.getStore(s).getSum() && rowLoop >= 0 &&
        store.strides[rowLoop] == 0)
      sumStores.push_back(s);
  if (ops > kStraightPayload && rows > 1)
    stash = kb.scratch(rows * pitch, element);
  for (const FlatAccess &store : nest.stores())
    turned.push_back(stash && isTurned(store)
                         ? kb.scratch(rows * pitch, store.element)
                         : Value());
}

bool TileEpilogue::isTurned(const FlatAccess &store) const {
  int64_t stride = store.strides[vectorLoop];
  return stride != 0 && stride != 1 && rowLoop >= 0 &&
         store.strides[rowLoop] == 1 && store.element.isF32();
}

void TileEpilogue::emit(const Position &position, ArrayRef<Column> columns,
                        unsigned rows, Root root, Value first) {
  unsigned width = columns.size();
  Values sums = emptySums(columns);
  if (!stash || rows == 1) {
    for (unsigned i = 0; i < rows; ++i) {
      Position row = position;
      if (rowLoop >= 0)
        row.move(nest, rowLoop, i);
      emitRow(row, columns, [&](unsigned j) { return root(i * width + j); },
              nullptr, sums);
    }
    return storeSums(position, columns, sums, first);
  }
  auto at = [&](Offset row, unsigned j) {
    return materialize(kb, row.plus(columns[j].offset));
  };
  for (unsigned i = 0; i < rows; ++i)
    for (unsigned j = 0; j < width; ++j)
      vector::StoreOp::create(kb.b, kb.loc, root(i * width + j), stash,
                              ValueRange{at({Value(), i * pitch}, j)});
  sums = forCarry(
      kb, kb.index(0), kb.index(rows), 1, sums,
      [&](Value index, ValueRange carried) {
        Offset start = advance(kb, {}, index, pitch);
        Values row, next(carried);
        for (unsigned j = 0; j < width; ++j)
          row.push_back(vector::LoadOp::create(
              kb.b, kb.loc,
              VectorType::get({int64_t(columns[j].width)}, element), stash,
              ValueRange{at(start, j)}));
        Position moved = position;
        moved.move(kb, nest, rowLoop, index);
        emitRow(moved, columns, [&](unsigned j) { return row[j]; }, &start,
                next);
        return next;
      });
  for (unsigned s = 0; s < turned.size(); ++s)
    if (turned[s])
      storeTurned(position, columns, rows, s);
  storeSums(position, columns, sums, first);
}

void TileEpilogue::forFetched(
    function_ref<void(unsigned access, int64_t step)> body) const {
  Block &epilogue = kb.op.getEpilogueBlock();
  for (auto [i, access] : llvm::enumerate(nest.accesses)) {
    bool stored = i >= nest.loads;
    Value tensor = stored ? kb.op.getResult(i - nest.loads)
                          : kb.op.getInputs()[i];
    auto type = cast<RankedTensorType>(tensor.getType());
    int64_t bytes = elementBytes(access.element);
    bool used = stored || !epilogue.getArgument(1 + i).use_empty();
    if (used && access.strides[vectorLoop] == 1 && access.tile <= 1 &&
        type.getNumElements() * bytes > kb.spec.l2Bytes / 2)
      body(i, rowLoop >= 0 ? access.strides[rowLoop] : 0);
  }
}

void TileEpilogue::fetchColumns(unsigned access, Offset row,
                                ArrayRef<Column> columns) const {
  bool stored = access >= nest.loads;
  Value memory = stored ? kb.output(access - nest.loads) : kb.input(access);
  int64_t perLine = kLineBytes / elementBytes(nest.accesses[access].element);
  int64_t last = -1;
  for (const Column &column : columns)
    if (int64_t line = column.offset / perLine; line != last) {
      fetchLine(kb, memory, row.plus(column.offset), stored);
      last = line;
    }
}

void TileEpilogue::fetch(const Position &position, ArrayRef<Column> columns,
                         unsigned rows) const {
  forFetched([&](unsigned access, int64_t step) {
    for (unsigned row = 0; row < (step ? rows : 1); ++row)
      fetchColumns(access, position.accesses[access].plus(row * step),
                   columns);
  });
}

void TileEpilogue::fetchRow(const Position &position,
                            ArrayRef<Column> columns, Value row) const {
  forFetched([&](unsigned access, int64_t step) {
    fetchColumns(access, advance(kb, position.accesses[access], row, step),
                 columns);
  });
}

/// Blocks of as many rows as lanes: each lane's rows are stored together.
void TileEpilogue::storeTurned(const Position &position,
                               ArrayRef<Column> columns, unsigned rows,
                               unsigned store) {
  const FlatAccess &access = nest.accesses[nest.loads + store];
  Offset start = position.accesses[nest.loads + store];
  int64_t stride = access.strides[vectorLoop];
  for (const Column &column : columns) {
    auto type = VectorType::get({int64_t(column.width)}, access.element);
    for (unsigned first = 0; first < rows; first += column.width) {
      unsigned count = std::min(rows - first, column.width);
      SmallVector<Value> block;
      for (unsigned i = 0; i < column.width; ++i) {
        // Rows that are not there repeat the last one.
        int64_t row = first + std::min(i, count - 1);
        block.push_back(vector::LoadOp::create(
            kb.b, kb.loc, type, turned[store],
            ValueRange{kb.index(row * pitch + column.offset)}));
      }
      if (column.width > 1)
        block = transposeVectors(kb, std::move(block));
      for (unsigned lane = 0; lane < column.valid; ++lane)
        storeLanes(kb, kb.output(store),
                   start.plus((column.offset + lane) * stride + first), 1,
                   access.element, {column.width, count}, block[lane]);
    }
  }
}

TileEpilogue::Values TileEpilogue::emptySums(ArrayRef<Column> columns) {
  Values sums;
  for (unsigned s : sumStores)
    for (const Column &column : columns)
      sums.push_back(makeConstant(
          kb.b, kb.loc,
          VectorType::get({int64_t(column.width)},
                          nest.accesses[nest.loads + s].element),
          0));
  return sums;
}

/// Adds the tile's sums to those of the tiles before.
void TileEpilogue::storeSums(const Position &position,
                             ArrayRef<Column> columns, ArrayRef<Value> sums,
                             Value first) {
  for (auto [number, s] : llvm::enumerate(sumStores)) {
    const FlatAccess &access = nest.accesses[nest.loads + s];
    int64_t stride = access.strides[vectorLoop];
    for (auto [j, column] : llvm::enumerate(columns)) {
      Offset at =
          position.accesses[nest.loads + s].plus(column.offset * stride);
      Value sum = sums[number * columns.size() + j];
      if (first) {
        Value before = loadLanes(kb, kb.output(s), at, stride, access.element,
                                 column.lanes());
        Value zero = makeConstant(kb.b, kb.loc, sum.getType(), 0);
        before = arith::SelectOp::create(
            kb.b, kb.loc, first, zero,
            toLanes(kb.b, kb.loc, before, column.width));
        sum = addLanes(kb, before, sum);
      }
      storeLanes(kb, kb.output(s), at, stride, access.element, column.lanes(),
                 sum);
    }
  }
}

/// Payload and stores of each vector of one row.
void TileEpilogue::emitRow(const Position &position, ArrayRef<Column> columns,
                           Root root, const Offset *aside,
                           Values &sums) {
  SmallVector<SmallVector<Run>> runs;
  for (const FlatAccess &store : nest.stores())
    runs.push_back(runsOf(position, store));
  for (auto [j, column] : llvm::enumerate(columns)) {
    auto offsetOf = [&, &column = column](unsigned access) {
      int64_t stride = nest.accesses[access].strides[vectorLoop];
      return position.accesses[access].plus(column.offset * stride);
    };
    auto argument = [&, j = j, &column = column](unsigned i) -> Value {
      if (i == 0)
        return root(j);
      const FlatAccess &access = nest.accesses[i - 1];
      return loadLanes(kb, kb.input(i - 1), offsetOf(i - 1),
                       access.strides[vectorLoop], access.element,
                       column.lanes());
    };
    SmallVector<Value> values =
        clonePayload(kb.b, kb.op.getEpilogueBlock(), argument);
    for (auto [number, s] : llvm::enumerate(sumStores)) {
      Value &sum = sums[number * columns.size() + j];
      sum = addLanes(kb, sum, toLanes(kb.b, kb.loc, values[s], column.width));
    }
    for (auto [s, value] : llvm::enumerate(values)) {
      if (llvm::is_contained(sumStores, unsigned(s)))
        continue;
      const FlatAccess &access = nest.accesses[nest.loads + s];
      if (!runs[s].empty()) {
        storeRuns(position, column, s, runs[s], value);
        continue;
      }
      if (aside && turned[s]) {
        storeLanes(kb, turned[s], aside->plus(column.offset), 1, access.element,
                   {column.width, column.width}, value);
        continue;
      }
      storeLanes(kb, kb.output(s), offsetOf(nest.loads + s),
                 access.strides[vectorLoop], access.element, column.lanes(),
                 value);
    }
  }
}
