// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/dispatch/Rows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

Rows::Rows(KernelBuilder &kb, const LoopPlan &plan)
    : kb(kb), nest(plan.nest), config(plan.config),
      acrossRows(!plan.config.alongReduction),
      parallel(plan.nest.parallelRank()), rank(plan.nest.dims.size()),
      index(rank) {}

TileSplit Rows::tiles() const {
  unsigned granule = acrossRows ? std::max(config.lanes, 1u) : 1;
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

/// All lanes as one value, halving them each time.
Value Rows::collapseLanes(const Accumulator &a, Value value) {
  for (int64_t count = lanesOf(value) / 2; count > 0; count /= 2) {
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
        SmallVector<Value> inner(outer);
        if (whole > 0)
          inner = emitForCarrying(
              kb, kb.index(0), kb.index(whole), count, inner,
              [&](Value i, ValueRange old) {
                return step(i, Lanes{count, dim, Value()}, old);
              });
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
    value = collapseLanes(a, value);
  return running;
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
  else if (!acrossRows && mask)
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
