// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/AttentionFrame.h"

#include "targets/common/Payload.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

using Values = scalar::Invocation::Values;

static AttentionLines makeLines(const Nest &nest, ArrayRef<unsigned> lines,
                                ArrayRef<unsigned> elements) {
  AttentionLines side;
  side.lines.assign(lines.begin(), lines.end());
  side.elements.assign(elements.begin(), elements.end());
  side.count = pointsOf(nest, lines);
  side.width = pointsOf(nest, elements);
  return side;
}

FailureOr<AttentionShape> cuda::attentionShape(DispatchOp op) {
  if (op.getKind() != RootKind::Attention)
    return failure();
  FailureOr<Nest> nest = buildNest(op);
  if (failed(nest))
    return failure();
  AttentionShape shape;
  shape.nest = std::move(*nest);
  shape.roles = attentionRoles(op, shape.nest);
  SmallVector<unsigned> queries;
  for (unsigned dim : shape.roles.rows)
    if (llvm::is_contained(shape.roles.shared, dim))
      queries.push_back(dim);
    else
      shape.batches.push_back(dim);
  // Sums, queries and scores stay in registers; below, matrices are idle.
  constexpr int64_t kMostWidth = 128, kLeastRows = 8, kMostWarps = 4;
  shape.batchCount = pointsOf(shape.nest, shape.batches);
  shape.queries = makeLines(shape.nest, queries, shape.roles.inner);
  shape.keys = makeLines(shape.nest, shape.roles.keys, shape.roles.inner);
  shape.values = makeLines(shape.nest, shape.roles.keys, shape.roles.values);
  if (shape.queries.count < kLeastRows || shape.keys.count == 0 ||
      shape.batchCount == 0 || shape.values.width == 0 ||
      shape.queries.width == 0 || shape.values.width > kMostWidth ||
      shape.queries.width > kMostWidth)
    return failure();
  while (shape.warps < kMostWarps && shape.rows() < shape.queries.count)
    shape.warps *= 2;
  return shape;
}

Value AttentionFrame::plus(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(at.loc, x, y);
}

Value AttentionFrame::times(Value x, int64_t factor) {
  return b.createOrFold<arith::MulIOp>(at.loc, x, number(factor));
}

Value AttentionFrame::below(Value x, int64_t bound) {
  return at.make<arith::CmpIOp>(arith::CmpIPredicate::ult, x, number(bound));
}

Value AttentionFrame::both(Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return at.make<arith::AndIOp>(x, y);
}

Value AttentionFrame::real(double value) {
  return makeConstant(b, at.loc, b.getF32Type(), value);
}

Value AttentionFrame::integer(int64_t value) {
  return arith::ConstantIntOp::create(b, at.loc, value, 32);
}

void AttentionFrame::onlyIf(Value condition, function_ref<void()> body) {
  OpBuilder::InsertionGuard guard(b);
  if (condition)
    b.setInsertionPointToStart(
        scf::IfOp::create(b, at.loc, condition, /*withElse=*/false)
            .thenBlock());
  body();
}

Value AttentionFrame::placeLine(const AttentionLines &side, Value line,
                                bool mayExceed) {
  Value inside;
  if (mayExceed) {
    inside = below(line, side.count);
    line = at.make<arith::MinUIOp>(line, number(side.count - 1));
  }
  at.place(line, side.lines);
  return inside;
}

/// Scaled and masked.
Value AttentionFrame::score(Value product, unsigned half, Value key) {
  double scale =
      cast<FloatAttr>(at.op.getRootParam("scale")).getValueAsDouble();
  Value result = at.make<arith::MulFOp>(product, real(scale)), shown;
  Value point = key;
  if (shape.keys.count % shape.keysAtOnce != 0) {
    shown = below(key, shape.keys.count);
    point = at.make<arith::MinUIOp>(key, number(shape.keys.count - 1));
  }
  bool causal = at.op.getRootParam("causal") != nullptr;
  Operation *yield = at.op.getPrologueBlock().getTerminator();
  bool masked = yield->getNumOperands() > 3;
  if (causal || masked) {
    at.place(row[half], shape.queries.lines);
    at.place(point, shape.keys.lines);
  }
  if (masked)
    result = at.make<arith::AddFOp>(result, at.operand(3));
  if (causal) {
    auto among = [&](ArrayRef<unsigned> dims) {
      return emitLinear(b, at.loc, numberAmong(shape.nest, dims), at.index);
    };
    Value before = at.make<arith::CmpIOp>(arith::CmpIPredicate::ule,
                                          among(shape.roles.keys),
                                          among(shape.roles.positions));
    shown = shown ? at.make<arith::AndIOp>(shown, before) : before;
  }
  if (!shown)
    return result;
  return at.make<arith::SelectOp>(
      shown, result, real(-std::numeric_limits<double>::infinity()));
}

/// Combines what the four threads of a row have.
Value AttentionFrame::across(Value x, function_ref<Value(Value, Value)> combine) {
  for (int64_t by : {1, 2}) {
    Value other = NVVM::ShflOp::create(
        b, at.loc, b.getF32Type(), integer(-1), x, integer(by),
        integer(31), NVVM::ShflKind::bfly, UnitAttr());
    x = combine(x, other);
  }
  return x;
}

/// Turns a half's scores into weights below the new maximum.
void AttentionFrame::rescale(State &state, Values &scores, unsigned half) {
  auto larger = [&](Value x, Value y) -> Value {
    Value greater = at.make<arith::CmpFOp>(arith::CmpFPredicate::OGT, x, y);
    return at.make<arith::SelectOp>(greater, x, y);
  };
  auto each = [&](Values &values, auto body) {
    for (size_t i = 0; i < values.size(); ++i)
      if (i % 4 / 2 == half)
        body(values[i]);
  };
  Value max = state.max[half];
  each(scores, [&](Value &x) { max = larger(x, max); });
  max = across(max, larger);
  // As long as all keys are hidden, there is nothing to subtract.
  Value none = at.make<arith::CmpFOp>(
      arith::CmpFPredicate::OEQ, max,
      real(-std::numeric_limits<double>::infinity()));
  Value base = at.make<arith::SelectOp>(none, real(0), max);
  auto exponential = [&](Value x) -> Value {
    return at.make<math::ExpOp>(at.make<arith::SubFOp>(x, base));
  };
  Value factor = exponential(state.max[half]);
  state.max[half] = max;
  Value &weights = state.weights[half];
  weights = at.make<arith::MulFOp>(weights, factor);
  each(scores, [&](Value &x) {
    x = exponential(x);
    weights = at.make<arith::AddFOp>(weights, x);
  });
  each(state.sums,
       [&](Value &sum) { sum = at.make<arith::MulFOp>(sum, factor); });
}

void AttentionFrame::weigh(State &state, Values &products, Value step) {
  Value first = plus(times(step, shape.keysAtOnce), times(lanePlace, 2));
  for (auto [i, value] : llvm::enumerate(products))
    value = score(value, i % 4 / 2, plus(first, number(i / 4 * 8 + i % 2)));
  for (unsigned half = 0; half < 2; ++half)
    rescale(state, products, half);
}

void AttentionFrame::finish(State state) {
  auto add = [&](Value x, Value y) -> Value {
    return at.make<arith::AddFOp>(x, y);
  };
  at.reset(at.reduction());
  for (unsigned half = 0; half < 2; ++half) {
    Value total = across(state.weights[half], add);
    Value point = plus(firstRow, number(8 * half)), there;
    if (shape.queries.count % shape.rows() != 0)
      there = below(point, shape.queries.count);
    onlyIf(there, [&] {
      at.place(point, shape.queries.lines);
      for (size_t i = 0; i < state.sums.size(); ++i) {
        if (i % 4 / 2 != half)
          continue;
        Value value =
            plus(times(lanePlace, 2), number(i / 4 * 8 + i % 2));
        Value among;
        if (shape.values.width % 16 != 0)
          among = below(value, shape.values.width);
        onlyIf(among, [&] {
          at.place(value, shape.values.elements);
          at.epilogue(at.make<arith::DivFOp>(state.sums[i], total));
        });
      }
    });
  }
}

void AttentionFrame::placeBlock(Value block) {
  Value batch = at.make<arith::DivUIOp>(block, number(shape.tiles()));
  Value tile = at.make<arith::RemUIOp>(block, number(shape.tiles()));
  for (unsigned dim = 0; dim < at.rank(); ++dim)
    at.index[dim] = number(0);
  at.place(batch, shape.batches);
  tileRow = times(tile, shape.rows());
  Value warp = at.make<arith::DivUIOp>(thread, number(32));
  lane = at.make<arith::RemUIOp>(thread, number(32));
  laneGroup = at.make<arith::DivUIOp>(lane, number(4));
  lanePlace = at.make<arith::RemUIOp>(lane, number(4));
  warpRow = times(warp, 16);
  firstRow = plus(plus(tileRow, warpRow), laneGroup);
  for (unsigned half = 0; half < 2; ++half)
    row[half] = at.make<arith::MinUIOp>(plus(firstRow, number(8 * half)),
                                        number(shape.queries.count - 1));
}

void AttentionFrame::run(
    function_ref<State(Value step, State state)> step) {
  int64_t count = llvm::alignTo(shape.values.width, 16) / 2;
  Value least = real(-std::numeric_limits<double>::infinity());
  Values initial(count + 4, real(0));
  initial[count] = initial[count + 1] = least;
  auto unpack = [&](ValueRange all) {
    return State{Values(all.take_front(count)),
                 {all[count], all[count + 1]},
                 {all[count + 2], all[count + 3]}};
  };
  finish(unpack(at.loop(
      shape.steps(), initial, [&](Value index, ValueRange running) {
        State next = step(index, unpack(running));
        Values all = next.sums;
        all.append({next.max[0], next.max[1], next.weights[0],
                    next.weights[1]});
        return all;
      })));
}
