// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/Payload.h"
#include "targets/cpu/codegen/attention/RowBlock.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

AttentionScratch AttentionScratch::make(KernelBuilder &kb,
                                        const AttentionPlan &plan) {
  AttentionScratch s;
  int64_t lanes = plan.lanes, rows = plan.rows;
  s.queryPitch = llvm::alignTo(plan.depth(), lanes);
  s.keys = kb.scratch(plan.scorePitch() * plan.depth(), plan.factor);
  s.values = kb.scratch(plan.keys() * plan.valuePitch(), plan.factor);
  s.queries = kb.scratch(rows * s.queryPitch, plan.factor);
  s.scores = kb.scratch(rows * plan.scorePitch(), plan.element);
  s.weights = plan.factor == plan.element
                  ? s.scores
                  : kb.scratch(rows * plan.scorePitch(), plan.factor);
  s.inverses = kb.scratch(rows, plan.element);
  return s;
}

Value cpu::loadOperand(KernelBuilder &kb, const AttentionPlan &plan,
                       AttentionOperand operand, const Position &position,
                       int loop, LaneGroup lanes) {
  Block &prologue = kb.op.getPrologueBlock();
  auto argument = [&](unsigned i) -> Value {
    const FlatAccess &access = plan.nest.accesses[i];
    if (!llvm::is_contained(plan.loads[operand], i))
      return makeConstant(kb.b, kb.loc, scalarType(access.element), 0);
    int64_t stride = loop < 0 ? 0 : access.strides[loop];
    return loadLanes(kb, kb.input(i), position.accesses[i], stride,
                     access.element, lanes);
  };
  return clonePayload(kb.b, prologue, argument)[operand];
}

/// The square matrix of the vectors' lanes, transposed by perfect shuffles:
/// log2(n) rounds of interleaving vector i with vector i + n / 2.
static SmallVector<Value> transpose(KernelBuilder &kb,
                                    SmallVector<Value> vectors) {
  int64_t n = vectors.size();
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < n / 2; ++i) {
    low.append({i, n + i});
    high.append({n / 2 + i, n + n / 2 + i});
  }
  for (int64_t round = 1; round < n; round *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < n / 2; ++i)
      for (ArrayRef<int64_t> order : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(kb.b, kb.loc, vectors[i],
                                                 vectors[i + n / 2], order));
    vectors = std::move(next);
  }
  return vectors;
}

static void moveAlong(KernelBuilder &kb, const AttentionPlan &plan,
                      Position &position, ArrayRef<unsigned> loops,
                      Value flat) {
  SmallVector<int64_t> extents;
  for (unsigned loop : loops)
    extents.push_back(plan.extent(loop));
  for (auto [loop, index] :
       llvm::zip_equal(loops, unflatten(kb, flat, extents)))
    position.move(kb, plan.nest, loop, index);
}

static bool keysAreLanes(const AttentionPlan &plan) {
  return plan.keyLoops.size() == 1 &&
         llvm::all_of(plan.loads[kKey], [&](unsigned load) {
           int64_t stride = plan.nest.accesses[load].strides[plan.keyLoops[0]];
           return stride == 0 || stride == 1;
         });
}

/// Panel `panel` of keys, of which `valid` are there, when keys lie side by
/// side: one vector per step of the depth.
static void packLanes(KernelBuilder &kb, const AttentionPlan &plan,
                      const AttentionScratch &scratch, Position position,
                      Value panel, unsigned valid) {
  int64_t lanes = plan.lanes;
  moveAlong(kb, plan, position, plan.keyLoops,
            materialize(kb, advance(kb, {}, panel, lanes)));
  Offset to = advance(kb, {}, panel, lanes * plan.depth());
  forRange(kb, kb.index(0), kb.index(plan.depth()), [&](Value d) {
    Position at = position;
    if (plan.depthLoop >= 0)
      at.move(kb, plan.nest, plan.depthLoop, d);
    Value vector =
        loadOperand(kb, plan, kKey, at, plan.keyLoops[0], {plan.lanes, valid});
    storeLanes(kb, scratch.keys, advance(kb, to, d, lanes), 1, plan.factor,
               {plan.lanes, plan.lanes}, toElement(kb, vector, plan.factor));
  });
}

/// Steps `depths` of the depth, from `depth` on, of a panel's keys.
static void transposeBlock(KernelBuilder &kb, const AttentionPlan &plan,
                           const AttentionScratch &scratch,
                           ArrayRef<Position> keys, Offset to, Value depth,
                           unsigned depths) {
  SmallVector<Value> vectors;
  for (Position at : keys) {
    if (plan.depthLoop >= 0)
      at.move(kb, plan.nest, plan.depthLoop, depth);
    Value vector =
        loadOperand(kb, plan, kKey, at, plan.depthLoop, {plan.lanes, depths});
    vector = toElement(kb, vector, plan.factor);
    vectors.push_back(toLanes(kb.b, kb.loc, vector, plan.lanes));
  }
  Value zero = makeConstant(kb.b, kb.loc, vectors[0].getType(), 0);
  vectors.resize(plan.lanes, zero);
  vectors = transpose(kb, vectors);
  to = advance(kb, to, depth, plan.lanes);
  for (unsigned i = 0; i < depths; ++i)
    storeLanes(kb, scratch.keys, to.plus(int64_t(i) * plan.lanes), 1,
               plan.factor, {plan.lanes, plan.lanes}, vectors[i]);
}

static void packTransposed(KernelBuilder &kb, const AttentionPlan &plan,
                           const AttentionScratch &scratch,
                           const Position &position, Value panel,
                           unsigned valid) {
  SmallVector<Position> keys(valid, position);
  Offset first = advance(kb, {}, panel, plan.lanes);
  for (unsigned i = 0; i < valid; ++i)
    moveAlong(kb, plan, keys[i], plan.keyLoops, materialize(kb, first.plus(i)));
  Offset to = advance(kb, {}, panel, plan.lanes * plan.depth());
  int64_t full = plan.depth() / plan.lanes;
  forRange(kb, kb.index(0), kb.index(full), [&](Value block) {
    Value depth = materialize(kb, advance(kb, {}, block, plan.lanes));
    transposeBlock(kb, plan, scratch, keys, to, depth, plan.lanes);
  });
  if (unsigned rest = unsigned(plan.depth() % plan.lanes))
    transposeBlock(kb, plan, scratch, keys, to, kb.index(full * plan.lanes),
                   rest);
}

void cpu::packKeys(KernelBuilder &kb, const AttentionPlan &plan,
                   const AttentionScratch &scratch, const Position &position,
                   Value keys) {
  bool direct = keysAreLanes(plan);
  auto pack = [&](Value panel, unsigned valid) {
    if (direct)
      packLanes(kb, plan, scratch, position, panel, valid);
    else
      packTransposed(kb, plan, scratch, position, panel, valid);
  };
  int64_t full = plan.keys() / plan.lanes;
  Value fullEnd = kb.index(full), panels;
  if (plan.bounded) {
    // The last panel that has keys is packed wholly.
    Value up = materialize(kb, Offset{keys, int64_t(plan.lanes) - 1});
    panels = arith::DivUIOp::create(kb.b, kb.loc, up, kb.index(plan.lanes));
    fullEnd = minIndex(kb, fullEnd, panels);
  }
  if (full > 0)
    forRange(kb, kb.index(0), fullEnd,
             [&](Value panel) { pack(panel, plan.lanes); });
  unsigned rest = unsigned(plan.keys() % plan.lanes);
  if (rest && plan.bounded)
    forRange(kb, kb.index(full), panels,
             [&](Value panel) { pack(panel, rest); });
  else if (rest)
    pack(kb.index(full), rest);
}

void cpu::packValues(KernelBuilder &kb, const AttentionPlan &plan,
                     const AttentionScratch &scratch, const Position &position,
                     Value keys) {
  unsigned vectors = unsigned(plan.valuePitch() / plan.lanes);
  auto columns =
      makeColumnClasses(plan.extent(plan.valueLoop), vectors, plan.lanes)[0]
          .columns;
  forRange(kb, kb.index(0), keys, [&](Value key) {
    Position at = position;
    moveAlong(kb, plan, at, plan.keyLoops, key);
    Offset to = advance(kb, {}, key, plan.valuePitch());
    for (const Column &column : columns) {
      Position here = at;
      here.move(plan.nest, plan.valueLoop, column.offset);
      Value vector =
          loadOperand(kb, plan, kValue, here, plan.valueLoop, column.lanes());
      storeLanes(kb, scratch.values, to.plus(column.offset), 1, plan.factor,
                 {column.width, column.width},
                 toElement(kb, vector, plan.factor));
    }
  });
}
