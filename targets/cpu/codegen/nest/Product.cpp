// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/nest/Product.h"

#include "compiler/support/Constants.h"
#include "targets/common/Payload.h"
#include "targets/cpu/codegen/nest/RowsAhead.h"
#include "targets/cpu/codegen/nest/Totals.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

using Values = SmallVector<Value>;

static constexpr int64_t kLineBytes = 64;

/// `count` steps from `step` on, whose scalars are one load for each row.
static Values multiplySteps(KernelBuilder &kb, const Product &product,
                            unsigned rows, Value step, unsigned count,
                            ValueRange carried) {
  Values sums(carried), factors;
  Offset scalar = advance(kb, product.scalarStart, step, 1);
  auto load = [&](unsigned row) {
    return loadLanes(kb, product.scalars,
                     scalar.plus(int64_t(row) * product.rowPitch), count > 1,
                     product.element, {count, count});
  };
  for (unsigned i = 0; count > 1 && i < rows; ++i)
    factors.push_back(load(i));
  Offset from = advance(kb, product.vectorStart, step, product.vectorPitch);
  // Several steps of a panel of narrow elements share a line.
  unsigned lineSteps = std::max<int64_t>(
      1, kLineBytes / std::max<int64_t>(
                          1, product.vectorPitch *
                                 int64_t(elementBytes(product.element))));
  for (unsigned k = 0; k < count; ++k) {
    Values vectors;
    for (auto [at, width] : product.columns)
      vectors.push_back(loadLanes(
          kb, product.vectors, from.plus(at + k * product.vectorPitch), 1,
          product.element, {width, width}));
    auto ahead = ArrayRef(product.ahead).take_front(
        k % lineSteps == 0 ? product.ahead.size() : 0);
    for (Offset distance : ahead)
      fetchLine(kb, product.vectors,
                addOffsets(kb, from.plus(k * product.vectorPitch), distance));
    for (unsigned i = 0; i < rows; ++i) {
      Value factor = count > 1 ? factors[i] : load(i);
      for (unsigned j = 0; j < vectors.size(); ++j) {
        unsigned width = lanesOf(vectors[j]);
        Value splat = count > 1 ? splatLane(kb, factor, k, width)
                                : toLanes(kb.b, kb.loc, factor, width);
        Value &sum = sums[i * vectors.size() + j];
        sum = multiplyAdd(kb, splat, vectors[j], sum);
      }
    }
  }
  return sums;
}

/// `steps` rounded down to a multiple of `group`.
static Value wholeSteps(KernelBuilder &kb, Value steps, unsigned group) {
  if (std::optional<int64_t> known = getConstantIntValue(steps))
    return kb.index(*known / group * group);
  Value rest = arith::RemUIOp::create(kb.b, kb.loc, steps, kb.index(group));
  return arith::SubIOp::create(kb.b, kb.loc, steps, rest);
}

Values cpu::multiplyRows(KernelBuilder &kb, const Product &product,
                         unsigned rows, Value steps) {
  Values sums;
  for (unsigned i = 0; i < rows; ++i)
    for (auto [at, width] : product.columns)
      sums.push_back(makeConstant(
          kb.b, kb.loc, VectorType::get({int64_t(width)}, product.element), 0));
  auto loop = [&](Value low, Value high, unsigned count) {
    sums = forCarry(kb, low, high, count, sums,
                    [&](Value step, ValueRange carried) {
                      return multiplySteps(kb, product, rows, step, count,
                                           carried);
                    });
  };
  unsigned group = scalarsPerLoad(kb.spec, product.element);
  Value low = kb.index(0);
  std::optional<int64_t> known = getConstantIntValue(steps);
  if (group > 1 && !(known && *known < group)) {
    Value whole = wholeSteps(kb, steps, group);
    loop(low, whole, group);
    if (known && *known % group == 0)
      return sums;
    low = whole;
  }
  loop(low, steps, 1);
  return sums;
}

Values cpu::multiplyRowsInBlocks(KernelBuilder &kb, const Product &product,
                                 unsigned rows, Value steps, int64_t most,
                                 Type sum) {
  auto extended = [&](Values sums) {
    for (Value &value : sums)
      value = toElement(kb, value, sum);
    return sums;
  };
  if (product.element == sum || most <= kMostHalfSteps)
    return extended(multiplyRows(kb, product, rows, steps));
  int64_t pitch = 0;
  for (auto [at, width] : product.columns)
    pitch += width;
  Value totals = kb.scratch(rows * pitch, sum);
  auto forSums = [&](function_ref<void(unsigned, Offset, unsigned)> body) {
    int64_t at = 0;
    for (unsigned i = 0; i < rows * product.columns.size(); ++i) {
      unsigned width = product.columns[i % product.columns.size()].second;
      body(i, {Value(), at}, width);
      at += width;
    }
  };
  forSums([&](unsigned, Offset at, unsigned width) {
    auto type = VectorType::get({int64_t(width)}, sum);
    storeTotal(kb, totals, at, makeConstant(kb.b, kb.loc, type, 0));
  });
  Value block = kb.index(kHalfBlock);
  Value up = materialize(kb, Offset{steps, kHalfBlock - 1});
  Value count = arith::DivUIOp::create(kb.b, kb.loc, up, block);
  forRange(kb, kb.index(0), count, [&](Value number) {
    Value first = materialize(kb, advance(kb, {}, number, kHalfBlock));
    Product part = product;
    part.scalarStart = advance(kb, product.scalarStart, first, 1);
    part.vectorStart =
        advance(kb, product.vectorStart, first, product.vectorPitch);
    Value left = arith::SubIOp::create(kb.b, kb.loc, steps, first);
    Values sums = multiplyRows(kb, part, rows, minIndex(kb, left, block));
    forSums([&](unsigned i, Offset at, unsigned) {
      addTotal(kb, totals, at, toElement(kb, sums[i], sum));
    });
  });
  Values sums;
  forSums([&](unsigned, Offset at, unsigned width) {
    sums.push_back(loadTotal(kb, totals, at, sum, width));
  });
  return sums;
}
