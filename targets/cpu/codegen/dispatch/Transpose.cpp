// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/dispatch/Transpose.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Arithmetic ops of a payload that are written once per row of a block.
static constexpr double kLongPayload = 3;

bool cpu::isTransposed(const NestAccess &load, unsigned rows, unsigned lanes) {
  return load.isPlain() && load.address.factors[rows] == 1 &&
         load.address.factors[lanes] != 0 && load.address.factors[lanes] != 1;
}

Value cpu::shuffleGroups(KernelBuilder &kb, Value a, Value b,
                         ArrayRef<int64_t> pattern) {
  int64_t lanes = lanesOf(a), group = pattern.size();
  SmallVector<int64_t> mask;
  for (int64_t base = 0; base < lanes; base += group)
    for (int64_t lane : pattern)
      mask.push_back(lane < group ? base + lane
                                  : lanes + base + lane - group);
  return vector::ShuffleOp::create(kb.b, kb.loc, a, b, mask);
}

/// Four rows at a time within groups of four lanes: afterwards vector 4i + c
/// holds in group g the elements (4i .. 4i + 3, 4g + c). Two stages of
/// interleaving, each one instruction on x86 and ARM.
static void transposeQuads(KernelBuilder &kb, SmallVector<Value> &v) {
  for (unsigned i = 0; i < v.size(); i += 4) {
    auto low = [&](Value a, Value b) {
      return shuffleGroups(kb, a, b, {0, 4, 1, 5});
    };
    auto high = [&](Value a, Value b) {
      return shuffleGroups(kb, a, b, {2, 6, 3, 7});
    };
    auto first = [&](Value a, Value b) {
      return shuffleGroups(kb, a, b, {0, 1, 4, 5});
    };
    auto second = [&](Value a, Value b) {
      return shuffleGroups(kb, a, b, {2, 3, 6, 7});
    };
    Value ab = low(v[i], v[i + 1]), AB = high(v[i], v[i + 1]);
    Value cd = low(v[i + 2], v[i + 3]), CD = high(v[i + 2], v[i + 3]);
    v[i] = first(ab, cd);
    v[i + 1] = second(ab, cd);
    v[i + 2] = first(AB, CD);
    v[i + 3] = second(AB, CD);
  }
}

/// Groups of four lanes of a and b by their numbers (b's follow a's).
static Value pickGroups(KernelBuilder &kb, Value a, Value b,
                        ArrayRef<int64_t> groups) {
  SmallVector<int64_t> mask;
  for (int64_t group : groups)
    for (int64_t lane = 0; lane < 4; ++lane)
      mask.push_back(group * 4 + lane);
  return vector::ShuffleOp::create(kb.b, kb.loc, a, b, mask);
}

/// Any power of two: exchanges one bit of the row with one of the lane each
/// time.
static SmallVector<Value> transposeByBits(KernelBuilder &kb,
                                          SmallVector<Value> v) {
  int64_t n = v.size();
  for (int64_t bit = 1; bit < n; bit *= 2)
    for (int64_t row = 0; row < n; ++row) {
      if (row & bit)
        continue;
      SmallVector<int64_t> upper, lower;
      for (int64_t lane = 0; lane < n; ++lane) {
        bool set = lane & bit;
        upper.push_back(set ? n + lane - bit : lane);
        lower.push_back(set ? n + lane : lane + bit);
      }
      Value a = v[row], b = v[row + bit];
      v[row] = vector::ShuffleOp::create(kb.b, kb.loc, a, b, upper);
      v[row + bit] = vector::ShuffleOp::create(kb.b, kb.loc, a, b, lower);
    }
  return v;
}

SmallVector<Value> cpu::transposeVectors(KernelBuilder &kb,
                                         SmallVector<Value> v) {
  unsigned n = v.size();
  Type element = getElementTypeOrSelf(v[0].getType());
  if (element.getIntOrFloatBitWidth() != 32 || (n != 4 && n != 8 && n != 16))
    return transposeByBits(kb, std::move(v));
  transposeQuads(kb, v);
  if (n == 4)
    return v;
  SmallVector<Value> result(n);
  for (unsigned c = 0; c < 4; ++c) {
    Value t = v[c], u = v[4 + c];
    if (n == 8) {
      result[c] = pickGroups(kb, t, u, {0, 2});
      result[4 + c] = pickGroups(kb, t, u, {1, 3});
      continue;
    }
    Value x = v[8 + c], y = v[12 + c];
    Value even = pickGroups(kb, t, u, {0, 2, 4, 6});
    Value odd = pickGroups(kb, t, u, {1, 3, 5, 7});
    Value evenRest = pickGroups(kb, x, y, {0, 2, 4, 6});
    Value oddRest = pickGroups(kb, x, y, {1, 3, 5, 7});
    result[c] = pickGroups(kb, even, evenRest, {0, 2, 4, 6});
    result[4 + c] = pickGroups(kb, odd, oddRest, {0, 2, 4, 6});
    result[8 + c] = pickGroups(kb, even, evenRest, {1, 3, 5, 7});
    result[12 + c] = pickGroups(kb, odd, oddRest, {1, 3, 5, 7});
  }
  return result;
}

namespace {

struct BlockEmitter {
  KernelBuilder &kb;
  const Nest &nest;
  unsigned block, rows, lanes; ///< block size; the two dimensions
  SmallVector<Value> index;
  SmallVector<bool> transposed;
  /// By load: where a turned block waits when the payload is too long to be
  /// written once per row.
  SmallVector<Value> parked;

  Value step(Value start, int64_t steps) {
    return kb.b.createOrFold<arith::AddIOp>(kb.loc, start, kb.index(steps));
  }

  Value unpark(unsigned load, Value at);

  /// The block at (row, lane).
  void square(Value row, Value lane);
  /// Point by point along `rows`, lanes along `lanes`.
  void strip(Value rowLow, Value rowHigh, Value laneLow, Value laneHigh);
};

} // namespace

void BlockEmitter::square(Value row, Value lane) {
  SmallVector<SmallVector<Value>> loads(nest.loads.size());
  for (auto [i, load] : llvm::enumerate(nest.loads)) {
    if (!transposed[i])
      continue;
    SmallVector<Value> vectors;
    index[rows] = row;
    for (unsigned l = 0; l < block; ++l) {
      index[lanes] = step(lane, l);
      vectors.push_back(
          Point(kb, nest, index, Lanes{block, rows, Value()}).load(i));
    }
    loads[i] = transposeVectors(kb, std::move(vectors));
  }
  index[lanes] = lane;
  Lanes along{block, lanes, Value()};
  if (parked.empty()) {
    for (unsigned r = 0; r < block; ++r) {
      index[rows] = step(row, r);
      Point point(kb, nest, index, along);
      for (auto [i, vectors] : llvm::enumerate(loads))
        if (!vectors.empty())
          point.provide(i, vectors[r]);
      point.epilogue({});
    }
    return;
  }
  for (auto [i, vectors] : llvm::enumerate(loads))
    for (auto [r, vector] : llvm::enumerate(vectors))
      vector::StoreOp::create(
          kb.b, kb.loc, toMemory(kb.b, kb.loc, vector, nest.loads[i].element),
          parked[i], ValueRange{kb.index(r * block)});
  emitFor(kb, kb.index(0), kb.index(block), 1, [&](Value r) {
    index[rows] = arith::AddIOp::create(kb.b, kb.loc, row, r);
    Value at = arith::MulIOp::create(kb.b, kb.loc, r, kb.index(block));
    Point point(kb, nest, index, along);
    for (auto [i, vectors] : llvm::enumerate(loads))
      if (!vectors.empty())
        point.provide(i, unpark(i, at));
    point.epilogue({});
  });
}

Value BlockEmitter::unpark(unsigned load, Value at) {
  Type element = nest.loads[load].element;
  auto type = VectorType::get({int64_t(block)}, memoryType(element));
  Value value = vector::LoadOp::create(kb.b, kb.loc, type, parked[load],
                                       ValueRange{at});
  return fromMemory(kb.b, kb.loc, value, element);
}

void BlockEmitter::strip(Value rowLow, Value rowHigh, Value laneLow,
                         Value laneHigh) {
  emitFor(kb, rowLow, rowHigh, 1, [&](Value row) {
    index[rows] = row;
    emitFor(kb, laneLow, laneHigh, 1, [&](Value lane) {
      index[lanes] = lane;
      Point(kb, nest, index).epilogue({});
    });
  });
}

FailureOr<KernelInfo> cpu::emitTransposedMap(KernelBuilder &kb,
                                             const LoopPlan &plan) {
  const Nest &nest = plan.nest;
  unsigned rank = nest.dims.size();
  BlockEmitter emitter{kb,       nest,     plan.config.lanes,
                       rank - 2, rank - 1, {},
                       {},       {}};
  for (const NestAccess &load : nest.loads)
    emitter.transposed.push_back(
        isTransposed(load, emitter.rows, emitter.lanes));
  int64_t block = emitter.block;
  if (payloadOps(kb.op) > kLongPayload)
    for (auto [i, load] : llvm::enumerate(nest.loads))
      emitter.parked.push_back(emitter.transposed[i]
                                   ? kb.scratch(block * block,
                                                memoryType(load.element))
                                   : Value());
  int64_t rowExtent = nest.dims[emitter.rows].extent;
  int64_t laneExtent = nest.dims[emitter.lanes].extent;
  int64_t rowWhole = rowExtent / block * block;
  int64_t laneWhole = laneExtent / block * block;
  TileSplit tiles =
      planTiles(nest, rank - 1, laneExtent, plan.config.tilePoints, block);
  emitter.index.resize(rank);
  emitTiles(kb, nest, tiles, rank - 2, emitter.index, [&](Value low,
                                                          Value high) {
    Value zero = kb.index(0), laneEnd = kb.index(laneExtent);
    Value end = kb.index(rowWhole);
    if (!getConstantIntValue(high))
      end = arith::MinUIOp::create(kb.b, kb.loc, high, end);
    emitFor(kb, low, end, block, [&](Value row) {
      emitFor(kb, zero, kb.index(laneWhole), block,
              [&](Value lane) { emitter.square(row, lane); });
      if (laneWhole < laneExtent)
        emitter.strip(row, emitter.step(row, block), kb.index(laneWhole),
                      laneEnd);
    });
    if (rowWhole < rowExtent) {
      Value start =
          arith::MaxUIOp::create(kb.b, kb.loc, low, kb.index(rowWhole));
      emitter.strip(start, high, zero, laneEnd);
    }
  });
  return kb.finish(tiles.count, payloadOps(kb.op) * nest.parallelPoints());
}
