// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/WideAttention.h"

#include "targets/common/tiled/Tf32.h"
#include "targets/cuda/codegen/MatrixUnits.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace visir;
using namespace visir::cuda;

using Values = scalar::Invocation::Values;
using Tile = WideAttentionPlan::Tile;

static Tile makeTile(DispatchOp op, const Nest &nest, unsigned yielded,
                     const AttentionLines &side) {
  Tile tile;
  // Scores are over pairs of eights of values, as sums are.
  tile.width = llvm::alignTo(side.width, 16);
  auto argument = dyn_cast<BlockArgument>(
      op.getPrologueBlock().getTerminator()->getOperand(yielded));
  if (!argument)
    return tile;
  int load = int(argument.getArgNumber());
  const NestAccess &access = nest.loads[load];
  // What is computed or may lie outside passes through registers.
  if (!access.isPlain() || !access.element.isF32() ||
      llvm::is_contained(op.getTies(), int64_t(load)))
    return tile;
  constexpr int64_t kMostRun = 4;
  tile.load = load;
  tile.run = std::min(kMostRun, alignedRun(access, nest, side.elements));
  while (side.width % tile.run != 0)
    tile.run /= 2;
  return tile;
}

FailureOr<WideAttentionPlan>
cuda::planWideAttention(DispatchOp op, const tiled::GroupLimits &limits) {
  if (op.getKind() != RootKind::Attention || !limits.matrix)
    return failure();
  Operation *yield = op.getPrologueBlock().getTerminator();
  for (unsigned i = 0; i < 3; ++i)
    if (!yield->getOperand(i).getType().isF32() || narrowFactor(op, i))
      return failure();
  FailureOr<AttentionShape> shape = attentionShape(op);
  if (failed(shape))
    return failure();
  WideAttentionPlan plan;
  static_cast<AttentionShape &>(plan) = std::move(*shape);
  plan.rounded = limits.tf32;
  // Both parts of all queries are in registers.
  constexpr int64_t kMostParted = 64;
  if (!plan.rounded && plan.queries.width > kMostParted)
    return failure();
  plan.keyTile = makeTile(op, plan.nest, 1, plan.keys);
  plan.valueTile = makeTile(op, plan.nest, 2, plan.values);
  for (plan.stages = 2; plan.stages > 0; --plan.stages)
    for (int64_t keys : {32, 16}) {
      plan.keysAtOnce = keys;
      if (4 * plan.sharedElements() <= limits.sharedBytes)
        return plan;
    }
  return failure();
}

namespace {

class Emitter : AttentionFrame {
public:
  Emitter(OpBuilder &b, DispatchOp op, const WideAttentionPlan &plan,
          Value thread, scalar::Memory &memory, func::FuncOp func,
          tiled::Workgroup &workgroup)
      : AttentionFrame(b, op, plan, thread, memory), plan(plan), func(func),
        workgroup(workgroup), units(b, op.getLoc(), b.getF32Type()) {
    shared = workgroup.shared(b, at.loc, plan.sharedElements(),
                              b.getF32Type());
    pointer = units.pointerOf(shared);
  }

  void emit(Value block);

private:
  /// A factor in one part or two.
  struct Parts {
    Values large, small;
  };
  /// A side, its tile, and where that is in a stage.
  struct Side {
    const AttentionLines &lines;
    const Tile &tile;
    unsigned yielded;
    int64_t offset;
  };
  Side keys() const { return {plan.keys, plan.keyTile, 1, 0}; }
  Side values() const {
    return {plan.values, plan.valueTile, 2,
            plan.keysAtOnce * plan.keyTile.pitch()};
  }

  void readQueries();
  void bring(const Side &side, Value first, Value buffer);
  void copy(const Side &side, Value element, Value inside, Value target);
  void load(const Side &side, Value element, Value inside, Value target);
  void bringStep(Value step);
  Value bufferOf(Value step);
  Value address(Value base, Value element) {
    return LLVM::GEPOp::create(b, at.loc, base.getType(), b.getF32Type(), base,
                               ValueRange{units.toInteger(element)});
  }
  Value read(const Side &side, Value buffer, Value line, Value element);
  Parts part(ArrayRef<Value> factors);
  void multiply(const Parts &x, const Parts &y, Value *sums);
  Values products(Value buffer);
  void addValues(State &state, ArrayRef<Value> weights, Value buffer);
  State step(Value step, State state);
  void arrive();

  const WideAttentionPlan &plan;
  func::FuncOp func;
  tiled::Workgroup &workgroup;
  MatrixUnits units;
  Value shared, pointer;
  SmallVector<Parts> query; ///< by eight inner elements
};

} // namespace

Emitter::Parts Emitter::part(ArrayRef<Value> factors) {
  Parts parts;
  for (Value factor : factors) {
    auto [large, small] = tiled::splitTf32(b, at.loc, factor);
    parts.large.push_back(large);
    if (!plan.rounded)
      parts.small.push_back(small);
  }
  return parts;
}

/// Adds the product of 16 x 8 and 8 x 8 factors to four sums. The product of
/// two small parts is below the rounding of f32.
void Emitter::multiply(const Parts &x, const Parts &y, Value *sums) {
  auto add = [&](ArrayRef<Value> a, ArrayRef<Value> c) {
    llvm::copy(workgroup.multiplyMatrix(b, at.loc, a, c, ArrayRef(sums, 4)),
               sums);
  };
  if (!plan.rounded) {
    add(x.small, y.large);
    add(x.large, y.small);
  }
  add(x.large, y.large);
}

/// The thread's elements of its two rows, which come once.
void Emitter::readQueries() {
  int64_t width = plan.queries.width;
  for (int64_t deep = 0; deep < width; deep += 8) {
    Values factors;
    for (int64_t more : {0, 4})
      for (Value line : row) {
        Value element = plus(lanePlace, number(deep + more)), there;
        if (deep + more + 4 > width) {
          there = below(element, width);
          element = at.make<arith::MinUIOp>(element, number(width - 1));
        }
        at.place(line, plan.queries.lines);
        at.place(element, plan.queries.elements);
        Value factor = at.operand(0);
        if (there)
          factor = at.make<arith::SelectOp>(there, factor, real(0));
        factors.push_back(factor);
      }
    query.push_back(part(factors));
  }
}

/// Begins to copy elements; zeros where `inside` (null: always) is false.
void Emitter::copy(const Side &side, Value element, Value inside,
                   Value target) {
  int64_t run = side.tile.run, bytes = 4 * run;
  at.place(element, side.lines.elements);
  Value from = emitLinear(
      b, at.loc, plan.nest.loads[side.tile.load].address, at.index);
  Value size;
  if (inside)
    size = at.make<arith::SelectOp>(inside, integer(bytes), integer(0));
  Value source = units.pointerOf(func.getArgument(side.tile.load));
  NVVM::CpAsyncOp::create(b, at.loc, address(pointer, target),
                          address(source, from), uint32_t(bytes),
                          bytes == 16 ? NVVM::LoadCacheModifierKind::CG
                                      : NVVM::LoadCacheModifierKind::CA,
                          size);
}

void Emitter::load(const Side &side, Value element, Value inside,
                   Value target) {
  at.place(element, side.lines.elements);
  Value value = at.operand(side.yielded);
  if (inside)
    value = at.make<arith::SelectOp>(inside, value, real(0));
  memref::StoreOp::create(b, at.loc, value, shared, ValueRange{target});
}

/// Brings a tile's lines from `first` on to `buffer`; zeros beyond the end.
void Emitter::bring(const Side &side, Value first, Value buffer) {
  int64_t run = side.tile.run, pieces = side.tile.width / run;
  int64_t count = plan.keysAtOnce * pieces;
  for (int64_t done = 0; done < count; done += plan.threads()) {
    Value id = plus(thread, number(done)), mine;
    if (count - done < plan.threads())
      mine = below(id, count);
    onlyIf(mine, [&] {
      Value line = at.make<arith::DivUIOp>(id, number(pieces));
      Value element =
          times(at.make<arith::RemUIOp>(id, number(pieces)), run);
      Value target = plus(plus(buffer, number(side.offset)),
                          plus(times(line, side.tile.pitch()), element));
      Value inside = placeLine(side.lines, plus(first, line),
                               side.lines.count % plan.keysAtOnce != 0);
      if (side.lines.width != side.tile.width) {
        inside = both(inside, below(element, side.lines.width));
        element = at.make<arith::MinUIOp>(element,
                                          number(side.lines.width - run));
      }
      side.tile.load >= 0 ? copy(side, element, inside, target)
                          : load(side, element, inside, target);
    });
  }
}

Value Emitter::bufferOf(Value step) {
  if (plan.steps() == 1 || plan.stages == 1)
    return number(0);
  Value odd = at.make<arith::AndIOp>(step, number(1));
  return times(odd, plan.stageElements());
}

/// Keys and values of a step.
void Emitter::bringStep(Value step) {
  Value first = times(step, plan.keysAtOnce), buffer = bufferOf(step);
  bring(keys(), first, buffer);
  bring(values(), first, buffer);
  NVVM::CpAsyncCommitGroupOp::create(b, at.loc);
}

Value Emitter::read(const Side &side, Value buffer, Value line,
                    Value element) {
  Value at = plus(plus(buffer, number(side.offset)),
                  plus(times(line, side.tile.pitch()), element));
  return memref::LoadOp::create(b, this->at.loc, shared, ValueRange{at});
}

/// Of queries and a step's keys, as `weigh` has them.
Values Emitter::products(Value buffer) {
  Values result(plan.keysAtOnce / 2, real(0));
  for (auto [i, x] : llvm::enumerate(query))
    for (int64_t key = 0; key < plan.keysAtOnce; key += 8) {
      Values factors;
      for (int64_t more : {0, 4})
        factors.push_back(read(keys(), buffer, plus(laneGroup, number(key)),
                               plus(lanePlace, number(8 * i + more))));
      multiply(x, part(factors), result.begin() + key / 2);
    }
  return result;
}

/// A thread has the weights of two neighbouring keys. They are the depths
/// lanePlace and lanePlace + 4 of a matrix whose lines are in another order
/// than the keys, and so are the values.
void Emitter::addValues(State &state, ArrayRef<Value> weights, Value buffer) {
  for (int64_t key = 0; key < plan.keysAtOnce; key += 8) {
    ArrayRef<Value> w = weights.slice(key / 2, 4);
    Parts x = part({w[0], w[2], w[1], w[3]});
    Value line = plus(times(lanePlace, 2), number(key));
    for (size_t n = 0; n < state.sums.size() / 4; ++n) {
      Value value = plus(laneGroup, number(8 * n));
      Parts y = part({read(values(), buffer, line, value),
                      read(values(), buffer, plus(line, number(1)), value)});
      multiply(x, y, state.sums.begin() + 4 * n);
    }
  }
}

/// Waits until all of the block have what is on its way.
void Emitter::arrive() {
  NVVM::CpAsyncWaitGroupOp::create(b, at.loc, 0);
  NVVM::Barrier0Op::create(b, at.loc);
}

/// One step's keys. What comes next is brought to where the last one was, or,
/// with one stage, when all are done with it.
AttentionFrame::State Emitter::step(Value step, State state) {
  arrive();
  if (plan.steps() > 1 && plan.stages > 1) {
    Value next = plus(step, number(1));
    onlyIf(below(next, plan.steps()), [&] { bringStep(next); });
  }
  Value buffer = bufferOf(step);
  Values weights = products(buffer);
  weigh(state, weights, step);
  addValues(state, weights, buffer);
  if (plan.steps() > 1 && plan.stages == 1) {
    NVVM::Barrier0Op::create(b, at.loc);
    Value next = plus(step, number(1));
    onlyIf(below(next, plan.steps()), [&] { bringStep(next); });
  }
  return state;
}

void Emitter::emit(Value block) {
  placeBlock(block);
  bringStep(number(0));
  readQueries();
  run([&](Value index, State state) { return step(index, state); });
}

void cuda::emitWideAttention(OpBuilder &b, DispatchOp op,
                             const WideAttentionPlan &plan, Value block,
                             Value thread, scalar::Memory &memory,
                             func::FuncOp func, tiled::Workgroup &workgroup) {
  Emitter(b, op, plan, thread, memory, func, workgroup).emit(block);
}
