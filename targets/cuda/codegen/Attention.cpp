// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/Attention.h"

#include "targets/common/Combine.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/Invocation.h"
#include "targets/cuda/codegen/MatrixUnits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

using Values = scalar::Invocation::Values;

static void setSide(AttentionSide &side, DispatchOp op, const Nest &nest,
                    unsigned yielded, ArrayRef<unsigned> lines,
                    ArrayRef<unsigned> elements, int64_t atOnce) {
  side.lines.assign(lines.begin(), lines.end());
  side.elements.assign(elements.begin(), elements.end());
  side.count = pointsOf(nest, lines);
  side.width = pointsOf(nest, elements);
  side.shape.lines = atOnce;
  side.shape.chunks = llvm::PowerOf2Ceil(side.usedChunks());
  side.shape.load = loadOfFactor(op, yielded);
  // Copies are of whole chunks.
  if (side.shape.load >= 0 && side.width % kChunk == 0 &&
      !llvm::is_contained(op.getTies(), int64_t(side.shape.load)) &&
      alignedRun(nest.loads[side.shape.load], nest, elements) == kChunk)
    side.shape.run = kChunk;
}

FailureOr<AttentionPlan>
cuda::planAttention(DispatchOp op, const tiled::GroupLimits &limits) {
  if (op.getKind() != RootKind::Attention || !limits.matrix)
    return failure();
  AttentionPlan plan;
  for (unsigned i = 0; i < 3; ++i) {
    Value factor = narrowFactor(op, i);
    if (!factor || (plan.narrow && factor.getType() != plan.narrow))
      return failure();
    plan.narrow = cast<FloatType>(factor.getType());
  }
  FailureOr<Nest> nest = buildNest(op);
  if (failed(nest))
    return failure();
  plan.nest = std::move(*nest);
  plan.roles = attentionRoles(op, plan.nest);
  SmallVector<unsigned> queries;
  for (unsigned dim : plan.roles.rows)
    if (llvm::is_contained(plan.roles.shared, dim))
      queries.push_back(dim);
    else
      plan.batches.push_back(dim);
  // Sums, queries and scores stay in registers; below, matrices are idle.
  constexpr int64_t kMostWidth = 128, kLeastRows = 8, kMostWarps = 4;
  int64_t rows = pointsOf(plan.nest, queries);
  int64_t keys = pointsOf(plan.nest, plan.roles.keys);
  if (rows < kLeastRows || keys == 0)
    return failure();
  while (plan.warps < kMostWarps && plan.rows() < rows)
    plan.warps *= 2;
  plan.batchCount = pointsOf(plan.nest, plan.batches);
  setSide(plan.queries, op, plan.nest, 0, queries, plan.roles.inner,
          plan.rows());
  setSide(plan.keys, op, plan.nest, 1, plan.roles.keys, plan.roles.inner,
          AttentionPlan::kKeys);
  setSide(plan.values, op, plan.nest, 2, plan.roles.keys, plan.roles.values,
          AttentionPlan::kKeys);
  if (plan.batchCount == 0 || plan.values.width == 0 ||
      plan.queries.width == 0 || plan.values.width > kMostWidth ||
      plan.queries.width > kMostWidth ||
      2 * plan.sharedElements() > limits.sharedBytes)
    return failure();
  return plan;
}

namespace {

/// What a warp's thread knows of the pass so far. It has rows laneGroup and
/// laneGroup + 8, the halves, of the warp's 16.
struct State {
  Values sums;       ///< of weighted values: four for 8 values
  Value max[2];      ///< of a half's scores
  Value weights[2];  ///< the thread's part of their sum
};

class Emitter {
public:
  Emitter(OpBuilder &b, DispatchOp op, const AttentionPlan &plan,
          Value thread, scalar::Memory &memory, func::FuncOp func,
          Value shared)
      : at(b, op, plan.nest, memory), b(b), plan(plan), func(func),
        units(b, op.getLoc(), plan.narrow), thread(thread),
        shared(units.pointerOf(shared)) {}

  void emit(Value block);

private:
  Value number(int64_t value) { return at.constant(value); }
  Value plus(Value x, Value y) {
    return b.createOrFold<arith::AddIOp>(at.loc, x, y);
  }
  Value times(Value x, int64_t factor) {
    return b.createOrFold<arith::MulIOp>(at.loc, x, number(factor));
  }
  Value below(Value x, int64_t bound) {
    return at.make<arith::CmpIOp>(arith::CmpIPredicate::ult, x,
                                  number(bound));
  }
  Value real(double value) {
    return makeConstant(b, at.loc, b.getF32Type(), value);
  }
  void onlyIf(Value condition, function_ref<void()> body);
  void place(Value point, ArrayRef<unsigned> dims);
  void bring(const AttentionSide &side, unsigned yielded, Value first,
             Value buffer);
  void copyChunk(const AttentionSide &side, Value chunk, Value inside,
                 Value target);
  void loadChunk(const AttentionSide &side, unsigned yielded, Value chunk,
                 Value inside, Value target);
  void bringStep(Value step);
  Value bufferOf(Value step);
  Value inside(Value line, const AttentionSide &side);
  Value score(Value product, unsigned half, Value key);
  Values scores(Value step);
  Value across(Value x, function_ref<Value(Value, Value)> combine);
  Value pack(Value x, Value y);
  void weigh(State &state, Values &scores);
  void addValues(State &state, ArrayRef<Value> weights, Value step);
  State step(Value step, State state);
  void finish(State state);

  scalar::Invocation at;
  OpBuilder &b;
  const AttentionPlan &plan;
  func::FuncOp func;
  MatrixUnits units;
  Value thread, shared;
  Value firstRow, lane, laneGroup, lanePlace;
  Value row[2]; ///< numbers of the halves' queries
  SmallVector<Values> query; ///< fragments along the inner dimensions
};

} // namespace

void Emitter::onlyIf(Value condition, function_ref<void()> body) {
  OpBuilder::InsertionGuard guard(b);
  if (condition)
    b.setInsertionPointToStart(
        scf::IfOp::create(b, at.loc, condition, /*withElse=*/false)
            .thenBlock());
  body();
}

void Emitter::place(Value point, ArrayRef<unsigned> dims) {
  SmallVector<int64_t> extents;
  for (unsigned dim : dims)
    extents.push_back(plan.nest.dims[dim].extent);
  if (!dims.empty())
    at.place(point, dims, extents);
}

/// Begins to copy a chunk; zeros where `inside` (null: always) is false.
void Emitter::copyChunk(const AttentionSide &side, Value chunk, Value inside,
                        Value target) {
  Value element = at.make<arith::MinUIOp>(times(chunk, kChunk),
                                          number(side.width - kChunk));
  place(element, side.elements);
  Value from = emitLinear(
      b, at.loc, plan.nest.loads[side.shape.load].address, at.index);
  Value size;
  if (inside)
    size = at.make<arith::SelectOp>(inside, units.integer(2 * kChunk),
                                    units.integer(0));
  Value source = units.pointerOf(func.getArgument(side.shape.load));
  NVVM::CpAsyncOp::create(b, at.loc, units.element(shared, target),
                          units.element(source, from), uint32_t(2 * kChunk),
                          NVVM::LoadCacheModifierKind::CG, size);
}

void Emitter::loadChunk(const AttentionSide &side, unsigned yielded,
                        Value chunk, Value inside, Value target) {
  Type bits = b.getI16Type();
  auto type = VectorType::get(kChunk, bits);
  Value packed = LLVM::PoisonOp::create(b, at.loc, type);
  bool whole = side.width % 16 == 0;
  for (int64_t i = 0; i < kChunk; ++i) {
    Value element = plus(times(chunk, kChunk), number(i)), valid = inside;
    if (!whole) {
      Value there = below(element, side.width);
      valid = valid ? at.make<arith::AndIOp>(valid, there) : there;
      element = at.make<arith::MinUIOp>(element, number(side.width - 1));
    }
    place(element, side.elements);
    Value factor = b.createOrFold<arith::TruncFOp>(at.loc, plan.narrow,
                                                   at.operand(yielded));
    Value value = at.make<arith::BitcastOp>(bits, factor);
    if (valid)
      value = at.make<arith::SelectOp>(valid, value,
                                       makeConstant(b, at.loc, bits, 0));
    packed = LLVM::InsertElementOp::create(b, at.loc, packed, value,
                                           units.integer(i));
  }
  LLVM::StoreOp::create(b, at.loc, packed, units.element(shared, target),
                        /*alignment=*/2 * kChunk);
}

/// Brings a tile's lines from `first` on to `buffer`; zeros beyond the end.
void Emitter::bring(const AttentionSide &side, unsigned yielded, Value first,
                    Value buffer) {
  int64_t used = side.usedChunks(), count = side.shape.lines * used;
  for (int64_t done = 0; done < count; done += plan.threads()) {
    Value id = plus(thread, number(done)), mine;
    if (count - done < plan.threads())
      mine = below(id, count);
    onlyIf(mine, [&] {
      Value line = at.make<arith::DivUIOp>(id, number(used));
      Value chunk = at.make<arith::RemUIOp>(id, number(used));
      Value point = plus(first, line), inside;
      if (side.count % side.shape.lines != 0) {
        inside = below(point, side.count);
        point = at.make<arith::MinUIOp>(point, number(side.count - 1));
      }
      place(point, side.lines);
      Value target = plus(buffer, units.placeOf(side.shape, line, chunk));
      if (!side.shape.isCopied())
        return loadChunk(side, yielded, chunk, inside, target);
      if (side.width % 16 != 0) {
        Value there = below(chunk, side.width / kChunk);
        inside = inside ? at.make<arith::AndIOp>(inside, there) : there;
      }
      copyChunk(side, chunk, inside, target);
    });
  }
}

Value Emitter::bufferOf(Value step) {
  Value first = number(plan.queries.shape.elements());
  if (plan.steps() == 1)
    return first;
  Value odd = at.make<arith::AndIOp>(step, number(1));
  return plus(first, times(odd, plan.stageElements()));
}

/// Keys and values of a step.
void Emitter::bringStep(Value step) {
  Value first = times(step, AttentionPlan::kKeys), buffer = bufferOf(step);
  bring(plan.keys, 1, first, buffer);
  bring(plan.values, 2, first,
        plus(buffer, number(plan.keys.shape.elements())));
  NVVM::CpAsyncCommitGroupOp::create(b, at.loc);
}

/// Scaled and masked.
Value Emitter::score(Value product, unsigned half, Value key) {
  double scale =
      cast<FloatAttr>(at.op.getRootParam("scale")).getValueAsDouble();
  Value result = at.make<arith::MulFOp>(product, real(scale)), shown;
  Value point = key;
  if (plan.keys.count % AttentionPlan::kKeys != 0) {
    shown = below(key, plan.keys.count);
    point = at.make<arith::MinUIOp>(key, number(plan.keys.count - 1));
  }
  bool causal = at.op.getRootParam("causal") != nullptr;
  Operation *yield = at.op.getPrologueBlock().getTerminator();
  bool masked = yield->getNumOperands() > 3;
  if (causal || masked) {
    place(row[half], plan.queries.lines);
    place(point, plan.keys.lines);
  }
  if (masked)
    result = at.make<arith::AddFOp>(result, at.operand(3));
  if (causal) {
    auto among = [&](ArrayRef<unsigned> dims) {
      return emitLinear(b, at.loc, numberAmong(plan.nest, dims), at.index);
    };
    Value before = at.make<arith::CmpIOp>(arith::CmpIPredicate::ule,
                                          among(plan.roles.keys),
                                          among(plan.roles.positions));
    shown = shown ? at.make<arith::AndIOp>(shown, before) : before;
  }
  if (!shown)
    return result;
  return at.make<arith::SelectOp>(
      shown, result, real(-std::numeric_limits<double>::infinity()));
}

/// Four for 8 keys: two neighbours in each half.
Values Emitter::scores(Value step) {
  MatrixUnits::Tile tile{plan.keys.shape, /*deepFast=*/true, shared,
                         bufferOf(step)};
  Values result(AttentionPlan::kKeys / 2, real(0));
  for (auto [deep, x] : llvm::enumerate(query))
    for (int64_t key = 0; key < AttentionPlan::kKeys; key += 16) {
      Values y = units.readFragment(tile, lane, number(key), 16 * deep,
                                    /*placesFirst=*/false);
      for (int64_t n = 0; n < 2; ++n) {
        auto *part = result.begin() + key / 2 + 4 * n;
        Values sums = units.multiply(x, ArrayRef(y).slice(2 * n, 2),
                                     ArrayRef(part, 4));
        llvm::copy(sums, part);
      }
    }
  Value first = plus(times(step, AttentionPlan::kKeys), times(lanePlace, 2));
  for (auto [i, value] : llvm::enumerate(result))
    value = score(value, i % 4 / 2,
                  plus(first, number(i / 4 * 8 + i % 2)));
  return result;
}

/// Combines what the four threads of a row have.
Value Emitter::across(Value x, function_ref<Value(Value, Value)> combine) {
  for (int64_t by : {1, 2}) {
    Value other = NVVM::ShflOp::create(
        b, at.loc, b.getF32Type(), units.integer(-1), x, units.integer(by),
        units.integer(31), NVVM::ShflKind::bfly, UnitAttr());
    x = combine(x, other);
  }
  return x;
}

/// Two numbers of the narrow type in a register.
Value Emitter::pack(Value x, Value y) {
  Type i32 = b.getI32Type();
  auto bits = [&](Value value) -> Value {
    Value rounded = at.make<arith::TruncFOp>(plan.narrow, value);
    Value raw = at.make<arith::BitcastOp>(b.getI16Type(), rounded);
    return at.make<arith::ExtUIOp>(i32, raw);
  };
  Value high = at.make<arith::ShLIOp>(bits(y), units.integer(16));
  return at.make<arith::OrIOp>(bits(x), high);
}

/// Turns scores into weights below the new maximum, and scales anew what has
/// been summed up below the old one.
void Emitter::weigh(State &state, Values &scores) {
  auto larger = [&](Value x, Value y) -> Value {
    Value greater = at.make<arith::CmpFOp>(arith::CmpFPredicate::OGT, x, y);
    return at.make<arith::SelectOp>(greater, x, y);
  };
  for (unsigned half = 0; half < 2; ++half) {
    Value max = state.max[half];
    auto each = [&](auto body) {
      for (size_t i = 0; i < scores.size(); ++i)
        if (i % 4 / 2 == half)
          body(scores[i]);
    };
    each([&](Value &x) { max = larger(x, max); });
    max = across(max, larger);
    // As long as all keys are hidden, there is nothing to subtract.
    Value none = at.make<arith::CmpFOp>(
        arith::CmpFPredicate::OEQ, max,
        real(-std::numeric_limits<double>::infinity()));
    Value base = at.make<arith::SelectOp>(none, real(0), max);
    auto below = [&](Value x) -> Value {
      return at.make<math::ExpOp>(at.make<arith::SubFOp>(x, base));
    };
    Value rescale = below(state.max[half]);
    state.max[half] = max;
    Value &weights = state.weights[half];
    weights = at.make<arith::MulFOp>(weights, rescale);
    each([&](Value &x) {
      x = below(x);
      weights = at.make<arith::AddFOp>(weights, x);
    });
    for (size_t i = 0; i < state.sums.size(); ++i)
      if (i % 4 / 2 == half)
        state.sums[i] = at.make<arith::MulFOp>(state.sums[i], rescale);
  }
}

void Emitter::addValues(State &state, ArrayRef<Value> weights, Value step) {
  MatrixUnits::Tile tile{
      plan.values.shape, /*deepFast=*/false, shared,
      plus(bufferOf(step), number(plan.keys.shape.elements()))};
  for (int64_t key = 0; key < AttentionPlan::kKeys; key += 16) {
    ArrayRef<Value> w = weights.slice(key / 2, 8);
    Values x{pack(w[0], w[1]), pack(w[2], w[3]), pack(w[4], w[5]),
             pack(w[6], w[7])};
    for (size_t n = 0; n < state.sums.size() / 4; n += 2) {
      Values y = units.readFragment(tile, lane, number(8 * n), key,
                                    /*placesFirst=*/false);
      for (size_t i = 0; i < 2; ++i) {
        auto *part = state.sums.begin() + 4 * (n + i);
        Values sums = units.multiply(x, ArrayRef(y).slice(2 * i, 2),
                                     ArrayRef(part, 4));
        llvm::copy(sums, part);
      }
    }
  }
}

/// One step's keys. What comes next is brought to where the last one was.
State Emitter::step(Value step, State state) {
  NVVM::CpAsyncWaitGroupOp::create(b, at.loc, 0);
  NVVM::Barrier0Op::create(b, at.loc);
  if (plan.steps() > 1) {
    Value next = plus(step, number(1));
    onlyIf(below(next, plan.steps()), [&] { bringStep(next); });
  }
  Values weights = scores(step);
  weigh(state, weights);
  addValues(state, weights, step);
  return state;
}

void Emitter::finish(State state) {
  auto add = [&](Value x, Value y) -> Value {
    return at.make<arith::AddFOp>(x, y);
  };
  at.reset(at.reduction());
  for (unsigned half = 0; half < 2; ++half) {
    Value total = across(state.weights[half], add);
    Value point = plus(firstRow, number(8 * half)), there;
    if (plan.queries.count % plan.rows() != 0)
      there = below(point, plan.queries.count);
    onlyIf(there, [&] {
      place(point, plan.queries.lines);
      for (size_t i = 0; i < state.sums.size(); ++i) {
        if (i % 4 / 2 != half)
          continue;
        Value value =
            plus(times(lanePlace, 2), number(i / 4 * 8 + i % 2));
        Value among;
        if (plan.values.width % 16 != 0)
          among = below(value, plan.values.width);
        onlyIf(among, [&] {
          place(value, plan.values.elements);
          at.epilogue(at.make<arith::DivFOp>(state.sums[i], total));
        });
      }
    });
  }
}

void Emitter::emit(Value block) {
  Value batch = at.make<arith::DivUIOp>(block, number(plan.tiles()));
  Value tile = at.make<arith::RemUIOp>(block, number(plan.tiles()));
  for (unsigned dim = 0; dim < at.rank(); ++dim)
    at.index[dim] = number(0);
  place(batch, plan.batches);
  Value tileRow = times(tile, plan.rows());
  Value warp = at.make<arith::DivUIOp>(thread, number(32));
  lane = at.make<arith::RemUIOp>(thread, number(32));
  laneGroup = at.make<arith::DivUIOp>(lane, number(4));
  lanePlace = at.make<arith::RemUIOp>(lane, number(4));
  Value warpRow = times(warp, 16);
  firstRow = plus(plus(tileRow, warpRow), laneGroup);
  for (unsigned half = 0; half < 2; ++half)
    row[half] = at.make<arith::MinUIOp>(plus(firstRow, number(8 * half)),
                                        number(plan.queries.count - 1));
  bring(plan.queries, 0, tileRow, number(0));
  bringStep(number(0));
  NVVM::CpAsyncWaitGroupOp::create(b, at.loc, 0);
  NVVM::Barrier0Op::create(b, at.loc);
  MatrixUnits::Tile queries{plan.queries.shape, /*deepFast=*/true, shared,
                            number(0)};
  for (int64_t deep = 0; deep < plan.queries.width; deep += 16)
    query.push_back(units.readFragment(queries, lane, warpRow, deep,
                                       /*placesFirst=*/true));
  int64_t count = llvm::alignTo(plan.values.width, 16) / 2;
  Value least = real(-std::numeric_limits<double>::infinity());
  Values initial(count + 4, real(0));
  initial[count] = initial[count + 1] = least;
  auto unpack = [&](ValueRange all) {
    return State{Values(all.take_front(count)),
                 {all[count], all[count + 1]},
                 {all[count + 2], all[count + 3]}};
  };
  finish(unpack(at.loop(
      plan.steps(), initial, [&](Value index, ValueRange running) {
        State next = step(index, unpack(running));
        Values all = next.sums;
        all.append({next.max[0], next.max[1], next.weights[0],
                    next.weights[1]});
        return all;
      })));
}

void cuda::emitAttention(OpBuilder &b, DispatchOp op,
                         const AttentionPlan &plan, Value block, Value thread,
                         scalar::Memory &memory, func::FuncOp func,
                         Value shared) {
  Emitter(b, op, plan, thread, memory, func, shared).emit(block);
}
