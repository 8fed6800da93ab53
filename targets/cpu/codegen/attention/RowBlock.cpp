// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/attention/RowBlock.h"

#include "compiler/support/Constants.h"
#include "targets/common/Payload.h"
#include "targets/cpu/codegen/nest/Product.h"
#include "targets/cpu/codegen/nest/RowsAhead.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

static constexpr double kLog2e = 1.4426950408889634;

/// Masks are fetched so many bytes ahead: what is read in about a microsecond.
static constexpr int64_t kMaskAheadBytes = 4 << 10;

RowBlockEmitter::RowBlockEmitter(KernelBuilder &kb, const AttentionPlan &plan,
                                 const AttentionScratch &scratch, Value keys)
    : kb(kb), b(kb.b), loc(kb.loc), plan(plan), scratch(scratch), keys(keys),
      epilogue(kb, plan.nest, unsigned(plan.valueLoop), plan.rowLoop, plan.rows,
               plan.valueVectors, plan.lanes, plan.element),
      vectorType(VectorType::get({int64_t(plan.lanes)}, plan.element)) {}

void RowBlockEmitter::emit(const Position &position, Value first,
                           unsigned rows) {
  firstRow = first;
  keyLimit = keys;
  panelLimit = kb.index(plan.keyPanels());
  if (plan.causal) {
    Value end = materialize(kb, Offset{first, int64_t(rows)});
    keyLimit = minIndex(kb, keyLimit, end);
  }
  if (plan.limitsKeys()) {
    Value up = materialize(kb, Offset{keyLimit, int64_t(plan.lanes) - 1});
    panelLimit = arith::DivUIOp::create(b, loc, up, kb.index(plan.lanes));
  }
  packQueries(position, rows);
  scores(position, rows);
  // Rows side by side hide each other's latencies. Constants are operands in
  // memory on x86 and take registers elsewhere.
  unsigned group = kb.spec.vectorRegisters / (kb.spec.isX86() ? 4 : 8);
  if (plan.factor != plan.element)
    group /= 2;
  for (unsigned row = 0; row < rows; row += group)
    softmax(row, std::min(group, rows - row));
  values(position, rows);
}

/// Queries times scale * log2(e): the softmax then takes powers of two.
void RowBlockEmitter::packQueries(const Position &position, unsigned rows) {
  unsigned vectors = unsigned(scratch.queryPitch / plan.lanes);
  auto columns =
      makeColumnClasses(plan.depth(), vectors, plan.lanes)[0].columns;
  Value scale = makeConstant(b, loc, plan.element, plan.scale * kLog2e);
  forRange(kb, kb.index(0), kb.index(rows), [&](Value row) {
    Position at = position;
    if (plan.rowLoop >= 0)
      at.move(kb, plan.nest, plan.rowLoop, row);
    Offset to = advance(kb, {}, row, scratch.queryPitch);
    for (const Column &column : columns) {
      Position here = at;
      if (plan.depthLoop >= 0)
        here.move(plan.nest, plan.depthLoop, column.offset);
      Value vector =
          loadOperand(kb, plan, kQuery, here, plan.depthLoop, column.lanes());
      vector = toLanes(b, loc, vector, column.width);
      vector = arith::MulFOp::create(b, loc, vector,
                                     toLanes(b, loc, scale, column.width));
      storeLanes(kb, scratch.queries, to.plus(column.offset), 1, plan.factor,
                 {column.width, column.width},
                 toElement(kb, vector, plan.factor));
    }
  });
}

void RowBlockEmitter::scores(const Position &position, unsigned rows) {
  unsigned vectors = plan.scoreVectors;
  int64_t panels = plan.keyPanels();
  int64_t rest = plan.keys() % plan.lanes;
  // Blocks whose panels are all full, then the last one.
  int64_t full = panels / vectors, left = panels % vectors;
  if (left == 0 && rest != 0) {
    --full;
    left = vectors;
  }
  Value limit = panelLimit;
  Value blocks = kb.index(full);
  if (plan.limitsKeys()) {
    Value up = materialize(kb, Offset{limit, int64_t(vectors) - 1});
    up = arith::DivUIOp::create(b, loc, up, kb.index(vectors));
    blocks = minIndex(kb, blocks, up);
  }
  if (full > 0)
    forRange(kb, kb.index(0), blocks, [&](Value block) {
      scoreBlock(position, rows, block, vectors, plan.lanes);
    });
  if (left == 0)
    return;
  int64_t lastValid = rest ? rest : int64_t(plan.lanes);
  if (!plan.limitsKeys())
    return scoreBlock(position, rows, kb.index(full), unsigned(left),
                      lastValid);
  // Made only when a row of the block sees it: a loop of at most one step.
  Value end = maxIndex(kb, kb.index(full * vectors), limit);
  Value seen =
      minIndex(kb, kb.index(1),
               arith::SubIOp::create(b, loc, end, kb.index(full * vectors)));
  auto last = [&](Value) {
    scoreBlock(position, rows, kb.index(full), unsigned(left), lastValid);
  };
  forRange(kb, kb.index(0), seen, last);
}

void RowBlockEmitter::scoreBlock(const Position &position, unsigned rows,
                                 Value block, unsigned vectors,
                                 int64_t lastValid) {
  int64_t lanes = plan.lanes, panel = lanes * plan.depth();
  Product product;
  product.element = plan.factor;
  product.scalars = scratch.queries;
  product.rowPitch = scratch.queryPitch;
  product.vectors = scratch.keys;
  product.vectorStart =
      advance(kb, {}, block, int64_t(plan.scoreVectors) * panel);
  product.vectorPitch = lanes;
  for (unsigned j = 0; j < vectors; ++j)
    product.columns.push_back({j * panel, plan.lanes});
  Values sums = multiplyRows(kb, product, rows, kb.index(plan.depth()));
  Offset column = advance(kb, {}, block, int64_t(plan.scoreVectors) * lanes);
  for (unsigned i = 0; i < rows; ++i)
    for (unsigned j = 0; j < vectors; ++j) {
      Offset at = column.plus(j * lanes);
      unsigned valid = j + 1 == vectors ? unsigned(lastValid) : plan.lanes;
      Value score = toElement(kb, sums[i * vectors + j], plan.element);
      score = mask(position, score, i, materialize(kb, at), valid);
      storeLanes(kb, scratch.scores, at.plus(i * plan.scorePitch()), 1,
                 plan.element, {plan.lanes, plan.lanes}, score);
    }
}

/// A mask that is read once comes from memory, a little at a time.
void RowBlockEmitter::fetchMask(const Position &at) {
  for (unsigned load : plan.loads[kMask]) {
    const FlatAccess &access = plan.nest.accesses[load];
    if (plan.batchLoops.empty() || !access.uses(plan.batchLoops.front()) ||
        access.strides[plan.keyLoops.back()] != 1)
      continue;
    int64_t ahead = kMaskAheadBytes / elementBytes(access.element);
    fetchLine(kb, kb.input(load), at.accesses[load].plus(ahead));
  }
}

/// Adds the mask, and takes away keys that are not there or not seen.
Value RowBlockEmitter::mask(const Position &position, Value score, unsigned row,
                            Value column, unsigned valid) {
  unsigned lanes = plan.lanes;
  if (plan.masked) {
    Position at = position;
    if (plan.rowLoop >= 0)
      at.move(plan.nest, plan.rowLoop, row);
    int keyLoop = plan.keyLoops.empty() ? -1 : int(plan.keyLoops.back());
    if (keyLoop >= 0) {
      at.move(kb, plan.nest, keyLoop, column);
      fetchMask(at);
    }
    Value added = loadOperand(kb, plan, kMask, at, keyLoop, {lanes, valid});
    added = toLanes(b, loc, added, lanes);
    score =
        multiplyAdd(kb, added, makeConstant(b, loc, vectorType, kLog2e), score);
  }
  Value none = makeConstant(b, loc, vectorType, -INFINITY);
  auto lanesBelow = [&](Value count) {
    auto bits = VectorType::get({int64_t(lanes)}, b.getI1Type());
    return vector::CreateMaskOp::create(b, loc, bits, ValueRange{count});
  };
  if (plan.limitsKeys()) {
    Value end = keys;
    if (plan.causal)
      end = minIndex(
          kb, end, materialize(kb, Offset{firstRow, int64_t(row) + 1}));
    Value seen = arith::SubIOp::create(b, loc, end, column);
    seen = minIndex(kb, maxIndex(kb, seen, kb.index(0)), kb.index(valid));
    return arith::SelectOp::create(b, loc, lanesBelow(seen), score, none);
  }
  if (valid == lanes)
    return score;
  return arith::SelectOp::create(b, loc, lanesBelow(kb.index(valid)), score,
                                 none);
}

static Value larger(KernelBuilder &kb, Value x, Value y) {
  Value more =
      arith::CmpFOp::create(kb.b, kb.loc, arith::CmpFPredicate::OGT, x, y);
  return arith::SelectOp::create(kb.b, kb.loc, more, x, y);
}

/// Combines the lanes by halves into one scalar.
static Value acrossLanes(KernelBuilder &kb, Value vector,
                         function_ref<Value(Value, Value)> combine) {
  int64_t n = lanesOf(vector);
  for (int64_t half = n / 2; half >= 1; half /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < half; ++i) {
      low.push_back(i);
      high.push_back(half + i);
    }
    Value x = vector::ShuffleOp::create(kb.b, kb.loc, vector, vector, low);
    Value y = vector::ShuffleOp::create(kb.b, kb.loc, vector, vector, high);
    vector = combine(x, y);
  }
  return vector::ExtractOp::create(kb.b, kb.loc, vector, int64_t(0));
}

/// 2^x for x <= 0 or NaN, to 2.2e-7 of the value; below 2^-126 it is zero.
/// The polynomial is a least-maximum fit of 2^r for |r| <= 1/2.
Value RowBlockEmitter::powerOfTwo(Value x) {
  auto constant = [&](double value) {
    return makeConstant(b, loc, vectorType, value);
  };
  x = larger(kb, constant(-127), x);
  // Adding 1.5 * 2^23 leaves the nearest integer in the mantissa's low bits.
  Value magic = constant(12582912.0);
  Value shifted = arith::AddFOp::create(b, loc, x, magic);
  Value whole = arith::SubFOp::create(b, loc, shifted, magic);
  Value r = arith::SubFOp::create(b, loc, x, whole);
  static constexpr double kTerms[] = {1.3276471e-3, 9.6755410e-3, 5.5507131e-2,
                                      0.24022120,   0.69314694,   1.0000001};
  Value power = constant(kTerms[0]);
  for (double term : ArrayRef(kTerms).drop_front())
    power = multiplyAdd(kb, power, r, constant(term));
  auto bits = VectorType::get(vectorType.getShape(), b.getI32Type());
  Value scale = arith::BitcastOp::create(b, loc, bits, shifted);
  scale = arith::ShLIOp::create(b, loc, scale, makeConstant(b, loc, bits, 23));
  scale = arith::AddIOp::create(b, loc, scale,
                                makeConstant(b, loc, bits, 127 << 23));
  scale = arith::BitcastOp::create(b, loc, vectorType, scale);
  return arith::MulFOp::create(b, loc, power, scale);
}

/// Replaces rows of scores by 2^(score - largest), and keeps 1 / sum.
void RowBlockEmitter::softmax(unsigned firstRow, unsigned rows) {
  auto at = [&](Value panel, unsigned row) {
    Offset start{Value(), int64_t(firstRow + row) * plan.scorePitch()};
    return advance(kb, start, panel, plan.lanes);
  };
  auto load = [&](Value panel, unsigned row) {
    return loadLanes(kb, scratch.scores, at(panel, row), 1, plan.element,
                     {plan.lanes, plan.lanes});
  };
  auto max = [&](Value x, Value y) { return larger(kb, x, y); };
  auto add = [&](Value x, Value y) -> Value {
    return arith::AddFOp::create(b, loc, x, y);
  };
  Values start(rows, makeConstant(b, loc, vectorType, -INFINITY));
  Values tops = forCarry(kb, kb.index(0), panelLimit, 1, start,
                         [&](Value panel, ValueRange carried) {
                           Values next;
                           for (unsigned i = 0; i < rows; ++i)
                             next.push_back(max(load(panel, i), carried[i]));
                           return next;
                         });
  for (Value &top : tops)
    top = toLanes(b, loc, acrossLanes(kb, top, max), plan.lanes);
  start.assign(rows, makeConstant(b, loc, vectorType, 0));
  Values sums =
      forCarry(kb, kb.index(0), panelLimit, 1, start,
               [&](Value panel, ValueRange carried) {
                 Values next;
                 for (unsigned i = 0; i < rows; ++i) {
                   Value x =
                       arith::SubFOp::create(b, loc, load(panel, i), tops[i]);
                   Value power = powerOfTwo(x);
                   storeLanes(kb, scratch.weights, at(panel, i), 1, plan.factor,
                              {plan.lanes, plan.lanes},
                              toElement(kb, power, plan.factor));
                   next.push_back(add(carried[i], power));
                 }
                 return next;
               });
  Value one = makeConstant(b, loc, plan.element, 1);
  for (unsigned i = 0; i < rows; ++i) {
    Value sum = acrossLanes(kb, sums[i], add);
    Value inverse = arith::DivFOp::create(b, loc, one, sum);
    memref::StoreOp::create(b, loc, inverse, scratch.inverses,
                            ValueRange{kb.index(firstRow + i)});
  }
}

void RowBlockEmitter::values(const Position &position, unsigned rows) {
  int64_t width = int64_t(plan.valueVectors) * plan.lanes;
  for (const ColumnClass &columns : plan.valueColumns) {
    Value low = kb.index(columns.firstBlock);
    Value high = kb.index(columns.firstBlock + columns.blockCount);
    forRange(kb, low, high, [&](Value block) {
      Product product;
      product.element = plan.factor;
      product.scalars = scratch.weights;
      product.rowPitch = plan.scorePitch();
      product.vectors = scratch.values;
      product.vectorStart = advance(kb, {}, block, width);
      product.vectorPitch = plan.valuePitch();
      for (const Column &column : columns.columns)
        product.columns.push_back({column.offset, column.width});
      Values sums = multiplyRowsInBlocks(kb, product, rows, keyLimit,
                                         plan.keys(), plan.element);
      unsigned count = columns.columns.size();
      for (unsigned i = 0; i < rows; ++i) {
        Value inverse =
            loadElement(kb, scratch.inverses, {Value(), i}, plan.element);
        for (unsigned j = 0; j < count; ++j) {
          Value &sum = sums[i * count + j];
          sum = arith::MulFOp::create(b, loc, sum,
                                      toLanes(b, loc, inverse, lanesOf(sum)));
        }
      }
      Position start = position;
      start.move(kb, plan.nest, unsigned(plan.valueLoop),
                 materialize(kb, advance(kb, {}, block, width)));
      epilogue.emit(start, columns.columns, rows, sums);
    });
  }
}
