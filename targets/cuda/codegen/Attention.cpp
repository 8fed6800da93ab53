// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/Attention.h"

#include "targets/common/Payload.h"
#include "targets/cuda/codegen/MatrixUnits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

using Values = scalar::Invocation::Values;

static AttentionPlan::Tile makeTile(const AttentionLines &side, DispatchOp op,
                                    const Nest &nest, unsigned yielded,
                                    int64_t lines) {
  AttentionPlan::Tile tile;
  tile.usedChunks = llvm::divideCeil(side.width, 16) * 2;
  tile.shape.lines = lines;
  tile.shape.chunks = llvm::PowerOf2Ceil(tile.usedChunks);
  tile.shape.load = loadOfFactor(op, yielded);
  // Copies are of whole chunks.
  if (tile.shape.load >= 0 && side.width % kChunk == 0 &&
      !llvm::is_contained(op.getTies(), int64_t(tile.shape.load)) &&
      nest.loads[tile.shape.load].checks.empty() &&
      alignedRun(nest.loads[tile.shape.load], nest, side.elements) == kChunk)
    tile.shape.run = kChunk;
  return tile;
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
  FailureOr<AttentionShape> shape = attentionShape(op);
  if (failed(shape))
    return failure();
  static_cast<AttentionShape &>(plan) = std::move(*shape);
  plan.queryTile = makeTile(plan.queries, op, plan.nest, 0, plan.rows());
  plan.keyTile = makeTile(plan.keys, op, plan.nest, 1, plan.keysAtOnce);
  plan.valueTile = makeTile(plan.values, op, plan.nest, 2, plan.keysAtOnce);
  if (2 * plan.sharedElements() > limits.sharedBytes)
    return failure();
  return plan;
}

namespace {

class Emitter : AttentionFrame {
public:
  Emitter(OpBuilder &b, DispatchOp op, const AttentionPlan &plan,
          Value thread, scalar::Memory &memory, func::FuncOp func,
          Value shared)
      : AttentionFrame(b, op, plan, thread, memory), plan(plan), func(func),
        units(b, op.getLoc(), plan.narrow), shared(units.pointerOf(shared)) {}

  void emit(Value block);

private:
  /// A side and its tile.
  struct Side {
    const AttentionLines &lines;
    const AttentionPlan::Tile &tile;
    unsigned yielded;
  };

  void bring(const Side &side, Value first, Value buffer);
  void copyChunk(const Side &side, Value chunk, Value inside, Value target);
  void loadChunk(const Side &side, Value chunk, Value inside, Value target);
  void bringStep(Value step);
  Value bufferOf(Value step);
  Values products(Value step);
  Value pack(Value x, Value y);
  void addValues(State &state, ArrayRef<Value> weights, Value step);
  State step(Value step, State state);

  const AttentionPlan &plan;
  func::FuncOp func;
  MatrixUnits units;
  Value shared;
  SmallVector<Values> query; ///< fragments along the inner dimensions
};

} // namespace

/// Begins to copy a chunk; zeros where `inside` (null: always) is false.
void Emitter::copyChunk(const Side &side, Value chunk, Value inside,
                        Value target) {
  Value element = at.make<arith::MinUIOp>(times(chunk, kChunk),
                                          number(side.lines.width - kChunk));
  at.place(element, side.lines.elements);
  Value from = emitLinear(
      b, at.loc, plan.nest.loads[side.tile.shape.load].address, at.index);
  Value size;
  if (inside)
    size = at.make<arith::SelectOp>(inside, units.integer(2 * kChunk),
                                    units.integer(0));
  Value source = units.pointerOf(func.getArgument(side.tile.shape.load));
  NVVM::CpAsyncOp::create(b, at.loc, units.element(shared, target),
                          units.element(source, from), uint32_t(2 * kChunk),
                          NVVM::LoadCacheModifierKind::CG, size);
}

void Emitter::loadChunk(const Side &side, Value chunk, Value inside,
                        Value target) {
  Type bits = b.getI16Type();
  auto type = VectorType::get(kChunk, bits);
  Value packed = LLVM::PoisonOp::create(b, at.loc, type);
  bool whole = side.lines.width % 16 == 0;
  for (int64_t i = 0; i < kChunk; ++i) {
    Value element = plus(times(chunk, kChunk), number(i)), valid = inside;
    if (!whole) {
      Value there = below(element, side.lines.width);
      valid = both(valid, there);
      element = at.make<arith::MinUIOp>(element, number(side.lines.width - 1));
    }
    at.place(element, side.lines.elements);
    Value factor = b.createOrFold<arith::TruncFOp>(at.loc, plan.narrow,
                                                   at.operand(side.yielded));
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
void Emitter::bring(const Side &side, Value first, Value buffer) {
  const MatrixSide &form = side.tile.shape;
  int64_t used = side.tile.usedChunks, count = form.lines * used;
  for (int64_t done = 0; done < count; done += plan.threads()) {
    Value id = plus(thread, number(done)), mine;
    if (count - done < plan.threads())
      mine = below(id, count);
    onlyIf(mine, [&] {
      Value line = at.make<arith::DivUIOp>(id, number(used));
      Value chunk = at.make<arith::RemUIOp>(id, number(used));
      Value inside = placeLine(side.lines, plus(first, line),
                               side.lines.count % form.lines != 0);
      Value target = plus(buffer, units.placeOf(form, line, chunk));
      if (!form.isCopied())
        return loadChunk(side, chunk, inside, target);
      if (side.lines.width % 16 != 0)
        inside = both(inside, below(chunk, side.lines.width / kChunk));
      copyChunk(side, chunk, inside, target);
    });
  }
}

Value Emitter::bufferOf(Value step) {
  Value first = number(plan.queryTile.shape.elements());
  if (plan.steps() == 1)
    return first;
  Value odd = at.make<arith::AndIOp>(step, number(1));
  return plus(first, times(odd, plan.stageElements()));
}

/// Keys and values of a step.
void Emitter::bringStep(Value step) {
  Value first = times(step, plan.keysAtOnce), buffer = bufferOf(step);
  bring({plan.keys, plan.keyTile, 1}, first, buffer);
  bring({plan.values, plan.valueTile, 2}, first,
        plus(buffer, number(plan.keyTile.shape.elements())));
  NVVM::CpAsyncCommitGroupOp::create(b, at.loc);
}

/// Of queries and a step's keys, as `weigh` has them.
Values Emitter::products(Value step) {
  MatrixUnits::Tile tile{plan.keyTile.shape, /*deepFast=*/true, shared,
                         bufferOf(step)};
  Values result(plan.keysAtOnce / 2, real(0));
  for (auto [deep, x] : llvm::enumerate(query))
    for (int64_t key = 0; key < plan.keysAtOnce; key += 16) {
      Values y = units.readFragment(tile, lane, number(key), 16 * deep,
                                    /*placesFirst=*/false);
      for (int64_t n = 0; n < 2; ++n) {
        auto *part = result.begin() + key / 2 + 4 * n;
        Values sums = units.multiply(x, ArrayRef(y).slice(2 * n, 2),
                                     ArrayRef(part, 4));
        llvm::copy(sums, part);
      }
    }
  return result;
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

void Emitter::addValues(State &state, ArrayRef<Value> weights, Value step) {
  MatrixUnits::Tile tile{
      plan.valueTile.shape, /*deepFast=*/false, shared,
      plus(bufferOf(step), number(plan.keyTile.shape.elements()))};
  for (int64_t key = 0; key < plan.keysAtOnce; key += 16) {
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
AttentionFrame::State Emitter::step(Value step, State state) {
  NVVM::CpAsyncWaitGroupOp::create(b, at.loc, 0);
  NVVM::Barrier0Op::create(b, at.loc);
  if (plan.steps() > 1) {
    Value next = plus(step, number(1));
    onlyIf(below(next, plan.steps()), [&] { bringStep(next); });
  }
  Values weights = products(step);
  weigh(state, weights, step);
  addValues(state, weights, step);
  return state;
}

void Emitter::emit(Value block) {
  placeBlock(block);
  bring({plan.queries, plan.queryTile, 0}, tileRow, number(0));
  bringStep(number(0));
  NVVM::CpAsyncWaitGroupOp::create(b, at.loc, 0);
  NVVM::Barrier0Op::create(b, at.loc);
  MatrixUnits::Tile queries{plan.queryTile.shape, /*deepFast=*/true, shared,
                            number(0)};
  for (int64_t deep = 0; deep < plan.queries.width; deep += 16)
    query.push_back(units.readFragment(queries, lane, warpRow, deep,
                                       /*placesFirst=*/true));
  run([&](Value index, State state) { return step(index, state); });
}

void cuda::emitAttention(OpBuilder &b, DispatchOp op,
                         const AttentionPlan &plan, Value block, Value thread,
                         scalar::Memory &memory, func::FuncOp func,
                         Value shared) {
  Emitter(b, op, plan, thread, memory, func, shared).emit(block);
}
