// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/dispatch/Rows.h"

#include "targets/cpu/codegen/dispatch/Transpose.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Sums of neighbouring vectors of a row.
static constexpr unsigned kSums = 4;

Rows::Rows(KernelBuilder &kb, const LoopPlan &plan)
    : kb(kb), nest(plan.nest), config(plan.config),
      acrossRows(!plan.config.alongReduction),
      parallel(plan.nest.parallelRank()), rank(plan.nest.dims.size()),
      index(rank) {}

TileSplit Rows::tiles() const {
  unsigned granule = acrossRows ? std::max(config.lanes, 1u)
                     : kb.op.getKind() == RootKind::Norm
                         ? std::max(rowsInRegisters(), 1u)
                         : 1;
  return planTiles(nest, parallel, length(), config.tilePoints, granule);
}

void Rows::forEach(function_ref<void()> body) {
  TileSplit plan = tiles();
  if (!acrossRows)
    return emitTiles(kb, nest, plan, parallel, index,
                     [&](Value, Value) { body(); });
  unsigned dim = parallel - 1;
  emitTiles(kb, nest, plan, dim, index, [&](Value low, Value high) {
    emitLanes(kb, nest, dim, low, high, config.lanes, [&](const Piece &piece) {
      index[dim] = piece.start;
      lanes = piece.lanes;
      body();
    });
  });
}

/// Elements of the row before the current one, times `stride`.
Value Rows::position(int64_t stride) {
  LinearExpr expr;
  expr.factors.assign(rank, 0);
  for (unsigned dim = rank; dim-- > parallel;) {
    expr.factors[dim] = stride;
    stride *= nest.dims[dim].extent;
  }
  return emitLinear(kb.b, kb.loc, expr, index);
}

SmallVector<Value> Rows::reduce(ArrayRef<Accumulator> accumulators,
                                Body body) {
  if (!acrossRows)
    return alongRow(accumulators, body);
  SmallVector<Value> initial;
  for (const Accumulator &a : accumulators)
    initial.push_back(emitIdentity(
        kb.b, kb.loc, a.combiner, vectorOrScalar(a.element, lanes.count)));
  return emitNestCarrying(
      kb, nest, parallel, rank, index, initial, [&](ValueRange running) {
        Point point(kb, nest, index, lanes);
        SmallVector<Value> values =
            body(point, position(std::max(lanes.count, 1u)), lanes.count,
                 running);
        for (auto [value, a, old] : llvm::zip(values, accumulators, running)) {
          value = toLanes(kb.b, kb.loc, value, lanes.count);
          if (!a.fused)
            value = emitCombine(kb.b, kb.loc, a.combiner, old, value);
        }
        return values;
      });
}

/// A piece's value as all lanes, with the identity in the others.
Value Rows::widen(const Accumulator &a, Value value, const Lanes &piece) {
  value = toLanes(kb.b, kb.loc, value, piece.count);
  Type full = vectorOrScalar(a.element, config.lanes);
  if (piece.mask)
    value = arith::SelectOp::create(
        kb.b, kb.loc, piece.mask, value,
        emitIdentity(kb.b, kb.loc, a.combiner, value.getType()));
  if (value.getType() == full)
    return value;
  Value rest = emitIdentity(kb.b, kb.loc, a.combiner, full);
  if (piece.count == 0)
    return vector::InsertOp::create(kb.b, kb.loc, value, rest, int64_t(0));
  return vector::InsertStridedSliceOp::create(
      kb.b, kb.loc, value, rest, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1});
}

/// Halves the lanes until `left` are there, or a scalar (0).
Value Rows::collapseLanes(const Accumulator &a, Value value, unsigned left) {
  for (int64_t count = lanesOf(value) / 2; count > 0 && count >= left;
       count /= 2) {
    auto half = [&](int64_t from) -> Value {
      if (count == 1)
        return vector::ExtractOp::create(kb.b, kb.loc, value, from);
      return vector::ExtractStridedSliceOp::create(
          kb.b, kb.loc, value, ArrayRef<int64_t>{from},
          ArrayRef<int64_t>{count}, ArrayRef<int64_t>{1});
    };
    value = emitCombine(kb.b, kb.loc, a.combiner, half(0), half(count));
  }
  return value;
}

/// The row's full vectors. Neighbouring ones have sums of their own, which do
/// not wait for each other.
SmallVector<Value> Rows::alongVectors(ArrayRef<Accumulator> accumulators,
                                      ValueRange initial, Step step) {
  unsigned dim = rank - 1, count = config.lanes, width = accumulators.size();
  int64_t whole = nest.dims[dim].extent / count * count;
  bool chained = llvm::any_of(accumulators,
                              [](const Accumulator &a) { return a.fused; });
  unsigned sets = !chained && whole >= int64_t(2 * kSums * count) ? kSums : 1;
  SmallVector<Value> running(initial);
  for (unsigned set = 1; set < sets; ++set)
    for (const Accumulator &a : accumulators)
      running.push_back(emitIdentity(kb.b, kb.loc, a.combiner,
                                     vectorOrScalar(a.element, count)));
  int64_t block = int64_t(sets) * count, end = whole / block * block;
  Lanes lanes{count, dim, Value()};
  if (end > 0)
    running = emitForCarrying(
        kb, kb.index(0), kb.index(end), block, running,
        [&](Value first, ValueRange old) {
          SmallVector<Value> next;
          for (unsigned set = 0; set < sets; ++set) {
            Value start = kb.b.createOrFold<arith::AddIOp>(
                kb.loc, first, kb.index(set * count));
            llvm::append_range(
                next, step(start, lanes, old.slice(set * width, width)));
          }
          return next;
        });
  for (unsigned i = width; i < running.size(); ++i)
    running[i % width] =
        emitCombine(kb.b, kb.loc, accumulators[i % width].combiner,
                    running[i % width], running[i]);
  running.truncate(width);
  for (int64_t start = end; start < whole; start += count)
    running = step(kb.index(start), lanes, running);
  return running;
}

SmallVector<Value> Rows::alongRow(ArrayRef<Accumulator> accumulators,
                                  Body body) {
  unsigned dim = rank - 1, count = config.lanes;
  int64_t extent = nest.dims[dim].extent, whole = extent / count * count;
  SmallVector<Value> running;
  for (const Accumulator &a : accumulators)
    running.push_back(emitIdentity(
        kb.b, kb.loc, a.combiner, vectorOrScalar(a.element, count)));
  auto step = [&](Value start, Lanes piece, ValueRange old) {
    index[dim] = start;
    mask = piece.mask;
    Point point(kb, nest, index, piece);
    bool full = piece.count == count && !piece.mask;
    // A fused body continues the running value of full vectors only.
    SmallVector<Value> base(old);
    if (!full)
      for (auto [value, a] : llvm::zip(base, accumulators))
        value = emitIdentity(kb.b, kb.loc, a.combiner,
                             vectorOrScalar(a.element, piece.count));
    SmallVector<Value> values = body(point, position(1), piece.count, base);
    for (auto [value, a, before] : llvm::zip(values, accumulators, old)) {
      if (a.fused && full)
        continue;
      value = emitCombine(kb.b, kb.loc, a.combiner, before,
                          widen(a, value, piece));
    }
    return values;
  };
  running = emitNestCarrying(
      kb, nest, parallel, dim, index, running, [&](ValueRange outer) {
        SmallVector<Value> inner = alongVectors(accumulators, outer, step);
        int64_t start = whole;
        for (auto [width, active] :
             tailPieces(extent - whole, count, kb.spec.maskedMemory)) {
          Lanes piece{width > 1 ? width : 0, dim,
                      makeMask(kb, width, active)};
          inner = step(kb.index(start), piece, inner);
          start += active;
        }
        return inner;
      });
  for (auto [value, a] : llvm::zip(running, accumulators))
    value = collapseLanes(a, value, 0);
  return running;
}

unsigned Rows::rowsInRegisters() const {
  unsigned count = config.lanes;
  if (acrossRows || count < 4 || length() == 0)
    return 0;
  int64_t extent = nest.dims[rank - 1].extent;
  int64_t pieces =
      tailPieces(extent % count, count, kb.spec.maskedMemory).size();
  int64_t vectors = (extent / count + pieces) * (length() / extent);
  for (unsigned rows : {4, 2, 1})
    if ((rows == 1 ||
         (parallel > 0 && nest.dims[parallel - 1].extent >= rows)) &&
        vectors * rows * 4 <= int64_t(kb.spec.vectorRegisters) * 3)
      return rows;
  return 0;
}

void Rows::forEachBlock(function_ref<void(unsigned count)> body) {
  unsigned count = rowsInRegisters();
  if (count == 1)
    return forEach([&] { body(1); });
  unsigned dim = parallel - 1;
  emitTiles(kb, nest, tiles(), dim, index, [&](Value low, Value high) {
    Value size = kb.b.createOrFold<arith::SubIOp>(kb.loc, high, low);
    Value rest =
        kb.b.createOrFold<arith::RemUIOp>(kb.loc, size, kb.index(count));
    Value end = kb.b.createOrFold<arith::SubIOp>(kb.loc, high, rest);
    auto walk = [&](Value from, Value to, unsigned step) {
      emitFor(kb, from, to, step, [&](Value first) {
        blockStart = first;
        body(step);
      });
    };
    walk(low, end, count);
    walk(end, high, 1);
  });
}

std::vector<Rows::Part> Rows::parts(unsigned row) {
  unsigned dim = rank - 1, count = config.lanes;
  int64_t extent = nest.dims[dim].extent;
  if (blockStart)
    index[parallel - 1] = kb.b.createOrFold<arith::AddIOp>(
        kb.loc, blockStart, kb.index(row));
  std::vector<Part> parts;
  for (int64_t outer = 0; outer < length() / extent; ++outer) {
    int64_t rest = outer;
    for (unsigned d = dim; d-- > parallel; rest /= nest.dims[d].extent)
      index[d] = kb.index(rest % nest.dims[d].extent);
    int64_t start = 0;
    auto add = [&](unsigned width, unsigned active) {
      index[dim] = kb.index(start);
      Lanes lanes{width > 1 ? width : 0, dim, makeMask(kb, width, active)};
      parts.push_back({Point(kb, nest, index, lanes), lanes});
      start += active;
    };
    while (start + count <= extent)
      add(count, count);
    for (auto [width, active] :
         tailPieces(extent - start, count, kb.spec.maskedMemory))
      add(width, active);
  }
  return parts;
}

Value Rows::combineParts(const Accumulator &accumulator, ArrayRef<Part> parts,
                         SmallVector<Value> values) {
  for (auto [value, part] : llvm::zip_equal(values, parts))
    value = widen(accumulator, value, part.lanes);
  for (; values.size() > 1; values.resize((values.size() + 1) / 2))
    for (size_t i = 0; i < values.size() / 2; ++i)
      values[i] = emitCombine(kb.b, kb.loc, accumulator.combiner, values[i],
                              values[values.size() - 1 - i]);
  return values[0];
}

Value Rows::combineLanes(const Accumulator &accumulator,
                         SmallVector<Value> rows) {
  // Rows meet in neighbouring lanes of groups of four, then the groups.
  auto meet = [&](Value a, Value b, ArrayRef<int64_t> low,
                  ArrayRef<int64_t> high) {
    return emitCombine(kb.b, kb.loc, accumulator.combiner,
                       shuffleGroups(kb, a, b, low),
                       shuffleGroups(kb, a, b, high));
  };
  unsigned count = rows.size();
  if (count == 1)
    return collapseLanes(accumulator, rows[0], 0);
  for (unsigned i = 0; i < count / 2; ++i)
    rows[i] = meet(rows[2 * i], rows[2 * i + 1], {0, 4, 1, 5}, {2, 6, 3, 7});
  if (count == 4)
    rows[0] = meet(rows[0], rows[1], {0, 1, 4, 5}, {2, 3, 6, 7});
  return collapseLanes(accumulator, rows[0], count);
}

void Rows::visit(function_ref<void(Point &, Value, unsigned)> body) {
  if (acrossRows)
    return emitNest(kb, nest, parallel, rank, index, [&] {
      Point point(kb, nest, index, lanes);
      body(point, position(std::max(lanes.count, 1u)), lanes.count);
    });
  unsigned dim = rank - 1;
  emitNest(kb, nest, parallel, dim, index, [&] {
    emitLanes(kb, nest, dim, kb.index(0), kb.index(nest.dims[dim].extent),
              config.lanes, [&](const Piece &piece) {
                index[dim] = piece.start;
                mask = piece.lanes.mask;
                Point point(kb, nest, index, piece.lanes);
                body(point, position(1), piece.lanes.count);
              });
  });
}

/// Room for whole vectors, so that a masked piece may be loaded unmasked.
Value Rows::rowScratch(Type element) {
  int64_t width = std::max(config.lanes, 1u);
  int64_t count = acrossRows ? length() * width
                             : llvm::alignTo(length(), width) + width;
  return kb.scratch(count, element);
}

Value Rows::loadRow(Value scratch, Value position, unsigned count) {
  Type element = cast<MemRefType>(scratch.getType()).getElementType();
  if (count == 0)
    return memref::LoadOp::create(kb.b, kb.loc, scratch,
                                  ValueRange{position});
  return vector::LoadOp::create(
      kb.b, kb.loc, cast<VectorType>(vectorOrScalar(element, count)), scratch,
      ValueRange{position});
}

void Rows::storeRow(Value scratch, Value position, Value value,
                    unsigned count) {
  value = toLanes(kb.b, kb.loc, value, count);
  if (count == 0)
    memref::StoreOp::create(kb.b, kb.loc, value, scratch,
                            ValueRange{position});
  else if (!acrossRows && mask && rank > parallel + 1)
    // The row goes on behind the piece. Else all lanes are stored: a load of
    // all would wait until a masked store has left for the cache.
    vector::MaskedStoreOp::create(kb.b, kb.loc, scratch, ValueRange{position},
                                  mask, value);
  else
    vector::StoreOp::create(kb.b, kb.loc, value, scratch,
                            ValueRange{position});
}

SmallVector<Value>
Rows::fold(ValueRange initial,
           function_ref<SmallVector<Value>(Point &, Value, ValueRange)> body) {
  assert(acrossRows && "a row in order has no lanes along it");
  SmallVector<Value> walked(index);
  return emitNestCarrying(
      kb, nest, parallel, rank, walked, initial, [&](ValueRange running) {
        for (unsigned dim = parallel; dim < rank; ++dim) {
          index[dim] = walked[dim];
          if (reversed)
            index[dim] = arith::SubIOp::create(
                kb.b, kb.loc, kb.index(nest.dims[dim].extent - 1),
                walked[dim]);
        }
        Point point(kb, nest, index, lanes);
        return body(point, position(1), running);
      });
}

Point Rows::rowPoint(Value symbol) {
  for (unsigned dim = parallel; dim < rank; ++dim)
    index[dim] = kb.index(0);
  SmallVector<Value> extended(index);
  if (symbol)
    extended.push_back(symbol);
  return Point(kb, nest, extended, acrossRows ? lanes : Lanes());
}
