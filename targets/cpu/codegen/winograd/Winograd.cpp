// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/winograd/Winograd.h"

#include "targets/common/Payload.h"
#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/nest/Product.h"
#include "targets/cpu/codegen/nest/Totals.h"
#include "targets/cpu/codegen/winograd/Fetch.h"
#include "targets/cpu/codegen/winograd/Transforms.h"
#include "targets/cpu/codegen/winograd/WinogradPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Payload ops per vector up to which a tile's results are written out.
static constexpr unsigned kStraightPayload = 8;

namespace {

class WinogradEmitter {
public:
  WinogradEmitter(KernelBuilder &kb, const WinogradPlan &plan);
  void emit();

private:
  using Values = SmallVector<Value>;
  /// An image tile: its first result's indices along the axes, and
  /// everything's position.
  struct ImageTile {
    Value row, column;
    Position position;
    Offset depth; ///< the tested coordinate of the depth's first tap
  };

  ImageTile imageTile(Value number);
  void forClasses(const FilterAxis &axis, Value first,
                  function_ref<void(const TileClass &)> body);
  Values inputTransform(const FilterAxis &axis, const Values &values);
  Values resultTransform(const FilterAxis &axis, const Values &values);
  void transformInput(const ImageTile &tile, Value local);
  void transformTap(const ImageTile &tile, Value local, Value tap);
  Offset patchStart(Value local, Value tap);
  void transformPatch(Offset from, Offset to, LaneGroup lanes,
                      const TileClass &inRows, const TileClass &inColumns);
  void clearPatch(Offset to);
  void noteTile(const ImageTile &tile, Value first, Value local);
  void multiply(Value chunk, Value tiles);
  void multiplyBlock(Value point, Value chunk, Value tiles, Value block,
                     ArrayRef<Column> columns);
  void fetchWeights(Product &product, Value round);
  void multiplyTile(const Product &product, ArrayRef<Column> columns,
                    Offset target, function_ref<void(Value, Value)> fetch);
  void transformResult(const ImageTile &tile, Value local, Value chunk);
  void resultVector(const ImageTile &tile, Value local, Value channel,
                    Value inChunk, const Column &column);
  void storeResults(const ImageTile &tile, const Position &start,
                    const Column &column, const Values &values);
  Value makeZero() {
    return makeConstant(b, loc, VectorType::get({int64_t(plan.lanes)}, sum), 0);
  }
  Value loadVector(Value memory, Offset at) {
    return loadLanes(kb, memory, at, 1, sum, {plan.lanes, plan.lanes});
  }
  void storeVector(Value memory, Offset at, Type type, Value value) {
    storeLanes(kb, memory, at, 1, type, {plan.lanes, plan.lanes},
               toElement(kb, value, type));
  }
  void forChannels(int64_t count, function_ref<void(Value, LaneGroup)> body);

  KernelBuilder &kb;
  OpBuilder &b;
  Location loc;
  const WinogradPlan &plan;
  const FlatNest &nest;
  Type element; ///< of the products' factors
  Type sum;     ///< of the transforms and the results
  FilterTransform transform;
  TileEpilogue epilogue;
  TileFetcher fetcher;
  Value inputs;  ///< [point][block tile][input channel]
  Value results; ///< [point][block tile][result channel of the chunk]
  Value patch;   ///< [row][column][lanes] of results
};

WinogradEmitter::WinogradEmitter(KernelBuilder &kb, const WinogradPlan &plan)
    : kb(kb), b(kb.b), loc(kb.loc), plan(plan), nest(plan.nest()),
      element(plan.contraction.element), sum(plan.contraction.sum), transform(plan.outputs),
      epilogue(kb, nest, plan.contraction.vectorLoop, plan.contraction.rowLoop,
               1, 1, plan.lanes, sum),
      fetcher(kb, plan) {
  int64_t points = plan.points();
  inputs = kb.scratch(points * plan.inPointPitch(), element);
  results = kb.scratch(points * plan.outPointPitch(), sum);
  patch = kb.scratch(plan.rows.outputs * plan.columns.outputs * plan.lanes,
                     sum);
}

void WinogradEmitter::emit() {
  int64_t blocks = llvm::divideCeil(plan.totalTiles, plan.blockTiles);
  forRange(kb, kb.tileBegin, kb.tileEnd, [&](Value number) {
    // All blocks of one group of chunks, as long as its weights are near.
    Values at = unflatten(kb, number, {plan.groups(), blocks});
    Value first = materialize(kb, advance(kb, {}, at[1], plan.blockTiles));
    Value tiles =
        arith::SubIOp::create(b, loc, kb.index(plan.totalTiles), first);
    tiles = minIndex(kb, tiles, kb.index(plan.blockTiles));
    auto forTiles = [&](function_ref<void(const ImageTile &, Value)> body) {
      forRange(kb, kb.index(0), tiles, [&](Value local) {
        body(imageTile(arith::AddIOp::create(b, loc, first, local)), local);
      });
    };
    forTiles([&](const ImageTile &tile, Value local) {
      noteTile(tile, first, local);
      transformInput(tile, local);
    });
    Offset chunks = advance(kb, {}, at[0], plan.chunksPerPiece);
    forRange(kb, kb.index(0), kb.index(plan.chunksPerPiece), [&](Value part) {
      Value chunk = materialize(kb, advance(kb, chunks, part, 1));
      multiply(chunk, tiles);
      forTiles([&](const ImageTile &tile, Value local) {
        transformResult(tile, local, chunk);
      });
    });
  });
}

WinogradEmitter::ImageTile WinogradEmitter::imageTile(Value number) {
  SmallVector<int64_t> extents;
  for (unsigned loop : plan.tileLoops)
    extents.push_back(plan.tilesOf(loop));
  ImageTile tile{kb.index(0), kb.index(0), Position::origin(nest), {}};
  const std::optional<Border> &border = plan.depth.border;
  if (border)
    tile.depth.fixed = border->offset;
  for (auto [loop, index] :
       llvm::zip_equal(plan.tileLoops, unflatten(kb, number, extents))) {
    for (auto [axis, first] : {std::pair(&plan.rows, &tile.row),
                               std::pair(&plan.columns, &tile.column)})
      if (axis->outLoop == int(loop))
        index = *first = materialize(kb, advance(kb, {}, index, axis->outputs));
    tile.position.move(kb, nest, loop, index);
    if (border)
      tile.depth = advance(kb, tile.depth, index, border->factors[loop]);
  }
  return tile;
}

/// For `fetcher`; beyond the last tile, that one again.
void WinogradEmitter::noteTile(const ImageTile &tile, Value first,
                               Value local) {
  Value next = arith::AddIOp::create(b, loc, first, local);
  next = materialize(kb, Offset{next, plan.blockTiles});
  next = minIndex(kb, next, kb.index(plan.totalTiles - 1));
  fetcher.note(local, tile.position, imageTile(next).position);
}

/// A body for each class of tiles along the axis; `first` is the tile's first
/// result.
void WinogradEmitter::forClasses(const FilterAxis &axis, Value first,
                                 function_ref<void(const TileClass &)> body) {
  SmallVector<TileClass, 3> classes = axis.tileClasses();
  OpBuilder::InsertionGuard guard(b);
  for (const TileClass &tiles : ArrayRef(classes).drop_back()) {
    Value end = kb.index((tiles.firstTile + tiles.tileCount) * axis.outputs);
    Value here =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, first, end);
    auto branch = scf::IfOp::create(b, loc, here, /*withElse=*/true);
    b.setInsertionPointToStart(branch.thenBlock());
    body(tiles);
    b.setInsertionPointToStart(branch.elseBlock());
  }
  body(classes.back());
}

/// Whole vectors of channels, then the last one.
void WinogradEmitter::forChannels(int64_t count,
                                  function_ref<void(Value, LaneGroup)> body) {
  int64_t full = count / plan.lanes;
  forRange(kb, kb.index(0), kb.index(full), [&](Value block) {
    Offset channel = advance(kb, {}, block, plan.lanes);
    body(materialize(kb, channel), {plan.lanes, plan.lanes});
  });
  if (unsigned rest = unsigned(count % plan.lanes))
    body(kb.index(full * plan.lanes), {plan.lanes, rest});
}

WinogradEmitter::Values WinogradEmitter::inputTransform(const FilterAxis &axis,
                                                        const Values &values) {
  return axis.exists() ? emitInputTransform(kb, transform, values) : values;
}

WinogradEmitter::Values WinogradEmitter::resultTransform(const FilterAxis &axis,
                                                         const Values &values) {
  return axis.exists() ? emitResultTransform(kb, transform, values) : values;
}

void WinogradEmitter::transformInput(const ImageTile &tile, Value local) {
  forRange(kb, kb.index(0), kb.index(plan.depth.taps), [&](Value tap) {
    if (!plan.depth.border)
      return transformTap(tile, local, tap);
    const Border &border = *plan.depth.border;
    Offset at = advance(kb, tile.depth, tap,
                        border.factors[plan.depth.windowLoop]);
    // Negative coordinates are large as unsigned ones.
    Value inside =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                              materialize(kb, at), kb.index(border.size));
    auto branch = scf::IfOp::create(b, loc, inside, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    transformTap(tile, local, tap);
    b.setInsertionPointToStart(branch.elseBlock());
    clearPatch(patchStart(local, tap));
  });
}

/// Where the transformed channels of a tile begin, for one tap of the depth.
Offset WinogradEmitter::patchStart(Value local, Value tap) {
  return advance(kb, advance(kb, {}, local, plan.inPitch()), tap,
                 plan.tapPitch());
}

void WinogradEmitter::transformTap(const ImageTile &tile, Value local,
                                   Value tap) {
  const FlatAccess &access = nest.accesses[plan.scalarLoad];
  Offset from = tile.position.accesses[plan.scalarLoad];
  if (plan.depth.windowLoop >= 0)
    from = advance(kb, from, tap, access.strides[plan.depth.windowLoop]);
  Offset to = patchStart(local, tap);
  forClasses(plan.rows, tile.row, [&](const TileClass &rows) {
    forClasses(plan.columns, tile.column, [&](const TileClass &columns) {
      forChannels(plan.inChannels(), [&](Value channel, LaneGroup lanes) {
        transformPatch(advance(kb, from, channel, 1),
                       advance(kb, to, channel, 1), lanes, rows, columns);
      });
    });
  });
}

/// Zeros for a tap that lies outside of the tensor.
void WinogradEmitter::clearPatch(Offset to) {
  Value zero = makeZero();
  forRange(kb, kb.index(0), kb.index(plan.points()), [&](Value point) {
    Offset row = advance(kb, to, point, plan.inPointPitch());
    forChannels(plan.inChannels(), [&](Value channel, LaneGroup) {
      storeVector(inputs, advance(kb, row, channel, 1), element, zero);
    });
  });
}

/// One vector of channels of a tile's patch, which begins at `from`; what is
/// outside of the tensor is zero.
void WinogradEmitter::transformPatch(Offset from, Offset to, LaneGroup lanes,
                                     const TileClass &inRows,
                                     const TileClass &inColumns) {
  const FlatAccess &access = nest.accesses[plan.scalarLoad];
  auto strideOf = [&](const FilterAxis &axis) {
    return axis.exists() ? access.strides[axis.windowLoop] : 0;
  };
  int64_t rows = plan.rows.size(), columns = plan.columns.size();
  auto load = [&](int64_t i, int64_t j) -> Value {
    if (!inRows.has(i) || !inColumns.has(j))
      return {};
    Value value = loadLanes(
        kb, kb.input(plan.scalarLoad),
        from.plus(i * strideOf(plan.rows) + j * strideOf(plan.columns)), 1,
        element, lanes);
    return toElement(kb, value, sum);
  };
  // Columns first; then half[j][i] is row i of column j.
  SmallVector<Values> half;
  for (int64_t j = 0; j < columns; ++j) {
    Values column;
    for (int64_t i = 0; i < rows; ++i)
      column.push_back(load(i, j));
    half.push_back(inputTransform(plan.rows, column));
  }
  Value zero = makeZero();
  for (int64_t i = 0; i < rows; ++i) {
    Values row;
    for (int64_t j = 0; j < columns; ++j)
      row.push_back(half[j][i]);
    for (auto [j, value] : llvm::enumerate(inputTransform(plan.columns, row)))
      storeVector(inputs,
                  to.plus((i * columns + int64_t(j)) * plan.inPointPitch()),
                  element, value ? value : zero);
  }
}

/// One matrix product per point: tiles x input channels x the chunk's result
/// channels.
void WinogradEmitter::multiply(Value chunk, Value tiles) {
  auto classes = makeColumnClasses(plan.chunk, plan.tileVectors, plan.lanes);
  forRange(kb, kb.index(0), kb.index(plan.points()), [&](Value point) {
    for (const ColumnClass &columns : classes)
      forRange(kb, kb.index(columns.firstBlock),
               kb.index(columns.firstBlock + columns.blockCount),
               [&](Value block) {
                 multiplyBlock(point, chunk, tiles, block, columns.columns);
               });
  });
}

void WinogradEmitter::multiplyBlock(Value point, Value chunk, Value tiles,
                                    Value block, ArrayRef<Column> columns) {
  const Contraction &c = plan.contraction;
  const FlatAccess &weights = c.vectorAccess();
  Values at = unflatten(kb, point, {plan.rows.size(), plan.columns.size()});
  int64_t width = int64_t(plan.tileVectors) * plan.lanes;
  Offset inChunk = advance(kb, {}, block, width);
  Offset channel = advance(kb, inChunk, chunk, plan.chunk);
  Product product;
  product.element = element;
  product.scalars = inputs;
  product.rowPitch = plan.inPitch();
  product.vectors = kb.input(c.vectorLoad);
  product.vectorPitch = weights.strides[plan.channelLoop];
  Offset start{Value(), weights.offset};
  if (plan.rows.exists())
    start = advance(kb, start, at[0], weights.strides[plan.rows.windowLoop]);
  start = advance(kb, start, at[1], weights.strides[plan.columns.windowLoop]);
  if (weights.tile > 1) {
    Value tile = kb.index(weights.tile), whole = materialize(kb, channel);
    start = advance(kb, start, arith::DivUIOp::create(b, loc, whole, tile),
                    weights.tileStride);
    start = advance(kb, start, arith::RemUIOp::create(b, loc, whole, tile), 1);
  } else {
    start = advance(kb, start, materialize(kb, channel), 1);
  }
  product.vectorStart = start;
  for (const Column &column : columns) {
    int64_t offset = weights.tile > 1
                         ? column.offset / weights.tile * weights.tileStride +
                               column.offset % weights.tile
                         : column.offset;
    product.columns.push_back({offset, column.width});
  }
  // The last tile's rows may not be there; nobody reads their products.
  unsigned rows = plan.tileRows;
  Value up = materialize(kb, Offset{tiles, int64_t(rows) - 1});
  Value rounds = arith::DivUIOp::create(b, loc, up, kb.index(rows));
  Offset from = advance(kb, {}, point, plan.inPointPitch());
  Offset to = advance(kb, inChunk, point, plan.outPointPitch());
  int64_t blocks = llvm::divideCeil(plan.chunk, width);
  int64_t blocksOfSum = llvm::divideCeil(plan.inChannels(), plan.sumBlock);
  int64_t parts = plan.depth.taps * blocksOfSum;
  forRange(kb, kb.index(0), rounds, [&](Value round) {
    product.scalarStart = advance(kb, from, round, rows * plan.inPitch());
    Value tile = materialize(kb, advance(kb, {}, round, rows));
    fetchWeights(product, round);
    multiplyTile(product, columns,
                 advance(kb, to, round, rows * plan.outPitch()),
                 [&](Value tap, Value number) {
                   Offset part = advance(kb, Offset{number, 0}, block, parts);
                   part = advance(kb, part, tap, blocksOfSum);
                   fetcher.fetch(point, chunk, tile, rows,
                                 materialize(kb, part), blocks * parts);
                 });
  });
}

/// While one point's products are computed, the next point's weights are
/// fetched: each round of register tiles fetches its share of the panels.
void WinogradEmitter::fetchWeights(Product &product, Value round) {
  const FlatAccess &weights = plan.contraction.vectorAccess();
  int64_t stride = weights.strides[plan.columns.windowLoop];
  product.ahead.clear();
  if (weights.tile <= 1 || !plan.streamsWeights)
    return;
  int64_t lanes = 0;
  for (auto [at, width] : product.columns)
    lanes += width;
  int64_t panels = llvm::divideCeil(lanes, weights.tile);
  int64_t rounds = llvm::divideCeil(plan.blockTiles, int64_t(plan.tileRows));
  int64_t share = llvm::divideCeil(panels, rounds);
  for (int64_t i = 0; i < share; ++i) {
    Value panel =
        materialize(kb, advance(kb, Offset{Value(), i}, round, share));
    panel = minIndex(kb, panel, kb.index(panels - 1));
    product.ahead.push_back(
        advance(kb, Offset{Value(), stride}, panel, weights.tileStride));
  }
}

/// A register tile's sums over the depth and the input channels, to `results`
/// at `target`: the first block of channels is stored, later ones are added.
void WinogradEmitter::multiplyTile(const Product &product,
                                   ArrayRef<Column> columns, Offset target,
                                   function_ref<void(Value, Value)> fetch) {
  int64_t channels = plan.inChannels(), steps = plan.sumBlock;
  const FlatAccess &weights = plan.contraction.vectorAccess();
  auto block = [&](Value tap, Value number, int64_t count, bool add) {
    fetch(tap, number);
    Value first = materialize(kb, advance(kb, {}, number, steps));
    Product part = product;
    part.scalarStart = advance(kb, product.scalarStart, first, 1);
    part.scalarStart = advance(kb, part.scalarStart, tap, plan.tapPitch());
    part.vectorStart =
        advance(kb, product.vectorStart, first, product.vectorPitch);
    if (plan.depth.windowLoop >= 0)
      part.vectorStart = advance(kb, part.vectorStart, tap,
                                 weights.strides[plan.depth.windowLoop]);
    Values sums = multiplyRows(kb, part, plan.tileRows, kb.index(count));
    for (unsigned i = 0; i < plan.tileRows; ++i)
      for (auto [j, column] : llvm::enumerate(columns)) {
        Offset at = target.plus(i * plan.outPitch() + column.offset);
        Value sum =
            toElement(kb, sums[i * columns.size() + j], this->sum);
        if (add)
          addTotal(kb, results, at, sum);
        else
          storeTotal(kb, results, at, sum);
      }
  };
  int64_t full = channels / steps;
  auto blocks = [&](Value tap, bool add) {
    block(tap, kb.index(0), std::min(steps, channels), add);
    forRange(kb, kb.index(1), kb.index(full),
             [&](Value number) { block(tap, number, steps, true); });
    if (full > 0 && channels % steps)
      block(tap, kb.index(full), channels % steps, true);
  };
  blocks(kb.index(0), false);
  if (plan.depth.taps > 1)
    forRange(kb, kb.index(1), kb.index(plan.depth.taps),
             [&](Value tap) { blocks(tap, true); });
}

void WinogradEmitter::transformResult(const ImageTile &tile, Value local,
                                      Value chunk) {
  int64_t count = plan.chunk;
  Offset first = advance(kb, {}, chunk, plan.chunk);
  int64_t lanes = plan.lanes, full = count / lanes;
  auto emitVector = [&](Value inChunk, const Column &column) {
    Offset channel = advance(kb, first, inChunk, 1);
    resultVector(tile, local, materialize(kb, channel), inChunk, column);
  };
  forRange(kb, kb.index(0), kb.index(full), [&](Value block) {
    emitVector(materialize(kb, advance(kb, {}, block, lanes)),
               {0, plan.lanes, plan.lanes});
  });
  if (unsigned rest = unsigned(count % lanes))
    emitVector(kb.index(full * lanes), {0, plan.lanes, rest});
}

void WinogradEmitter::resultVector(const ImageTile &tile, Value local,
                                   Value channel, Value inChunk,
                                   const Column &column) {
  int64_t rows = plan.rows.size(), columns = plan.columns.size();
  Offset from = advance(kb, {inChunk, 0}, local, plan.outPitch());
  SmallVector<Values> half;
  for (int64_t j = 0; j < columns; ++j) {
    Values points;
    for (int64_t i = 0; i < rows; ++i)
      points.push_back(loadVector(
          results, from.plus((i * columns + j) * plan.outPointPitch())));
    half.push_back(resultTransform(plan.rows, points));
  }
  Values values;
  for (int64_t i = 0; i < plan.rows.outputs; ++i) {
    Values row;
    for (int64_t j = 0; j < columns; ++j)
      row.push_back(half[j][i]);
    llvm::append_range(values, resultTransform(plan.columns, row));
  }
  Position start = tile.position;
  start.move(kb, nest, plan.contraction.vectorLoop, channel);
  storeResults(tile, start, column, values);
}

/// The epilogue of one vector of a tile's results: side by side if all are
/// wanted and the payload is short, else by way of scratch.
void WinogradEmitter::storeResults(const ImageTile &tile, const Position &start,
                                   const Column &column, const Values &values) {
  int64_t columns = plan.columns.outputs;
  auto move = [&](Position &at, const FilterAxis &axis, Value index) {
    if (axis.exists())
      at.move(kb, nest, axis.outLoop, index);
  };
  auto straight = [&] {
    for (auto [number, value] : llvm::enumerate(values)) {
      Position at = start;
      move(at, plan.rows, kb.index(int64_t(number) / columns));
      move(at, plan.columns, kb.index(int64_t(number) % columns));
      epilogue.emit(at, {column}, 1, {value});
    }
  };
  auto one = [&](Value i, Value j) {
    Position at = start;
    move(at, plan.rows, i);
    move(at, plan.columns, j);
    Offset stashed = advance(kb, {}, i, columns * plan.lanes);
    Value value = loadVector(patch, advance(kb, stashed, j, plan.lanes));
    epilogue.emit(at, {column}, 1, {value});
  };
  auto left = [&](const FilterAxis &axis, Value first) -> Value {
    if (axis.extent % axis.outputs == 0)
      return kb.index(axis.outputs);
    Value rest = arith::SubIOp::create(b, loc, kb.index(axis.extent), first);
    return minIndex(kb, rest, kb.index(axis.outputs));
  };
  Value rowCount = left(plan.rows, tile.row);
  Value columnCount = left(plan.columns, tile.column);
  auto rolled = [&] {
    for (auto [number, value] : llvm::enumerate(values))
      storeVector(patch, {Value(), int64_t(number) * plan.lanes}, sum, value);
    forRange(kb, kb.index(0), rowCount, [&](Value i) {
      forRange(kb, kb.index(0), columnCount, [&](Value j) { one(i, j); });
    });
  };
  if (epilogue.payloadOps() > kStraightPayload)
    return rolled();
  bool whole = plan.rows.extent % plan.rows.outputs == 0 &&
               plan.columns.extent % plan.columns.outputs == 0;
  if (whole)
    return straight();
  Value count = arith::MulIOp::create(b, loc, rowCount, columnCount);
  Value all = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, count,
                                    kb.index(int64_t(values.size())));
  auto branch = scf::IfOp::create(b, loc, all, /*withElse=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  straight();
  b.setInsertionPointToStart(branch.elseBlock());
  rolled();
}

} // namespace

FailureOr<KernelInfo> cpu::emitWinograd(DispatchOp op, const CpuSpec &spec,
                                        ModuleOp kernels, StringRef symbol,
                                        std::string &reason) {
  auto outputs = op.getConfigAttr().getAs<IntegerAttr>("outputs");
  FailureOr<WinogradPlan> plan =
      planWinograd(op, spec, outputs.getInt(), reason);
  if (failed(plan))
    return failure();
  KernelBuilder kb(op, spec, kernels, symbol);
  WinogradEmitter(kb, *plan).emit();
  KernelWork work = workOf(op, *plan);
  setCost(op, spec, work);
  return kb.finish(plan->tileCount, work.flops);
}
