// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// While a group computes with one pair of tiles it loads the next one into
// registers and then writes it to the other half of shared memory, so that one
// barrier for each step is enough.
#include "targets/common/tiled/Product.h"

#include "targets/common/Combine.h"
#include "targets/common/Payload.h"
#include "targets/common/tiled/ProductFrame.h"
#include "targets/common/tiled/Tf32.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::tiled;

using Values = scalar::Invocation::Values;

namespace {

/// An element of a tile that this thread brings to shared memory.
struct Staged {
  Values index;   ///< of the nest, except for the sums
  Value place;    ///< in the tile, along the side
  Value deep;     ///< in the tile, along the depth
  Value mine;     ///< whether it is one of the tile's; null: always
};

/// An operand's tile in shared memory.
struct Stage {
  const ProductSide &side;
  StageLayout layout;
  int64_t offset; ///< of the tile among the stage's elements
  SmallVector<Staged> elements = {};
};

class Emitter : ProductFrame {
public:
  Emitter(OpBuilder &b, DispatchOp op, const ProductPlan &plan, Value thread,
          scalar::Memory &memory, Workgroup &workgroup)
      : ProductFrame(b, op, plan, thread, memory), workgroup(workgroup),
        rows{plan.rows, plan.layoutOf(plan.rows), 0},
        columns{plan.columns, plan.layoutOf(plan.columns),
                rows.layout.elements} {}

  void emit(Value group);

private:
  void write(Value value, Value place) {
    memref::StoreOp::create(b, at.loc, value, shared, ValueRange{place});
  }
  Value read(Value place) {
    return memref::LoadOp::create(b, at.loc, shared, ValueRange{place});
  }
  /// The element of a stage at `buffer`.
  Value placeOf(const Stage &stage, Value buffer, Value place, Value deep) {
    Value sum = plus(times(place, stage.layout.placeStride),
                     times(deep, stage.layout.deepStride));
    return plus(plus(buffer, sum), number(stage.offset));
  }
  void prepare(Stage &stage, Value first);
  Values load(const Stage &stage, Value step);
  void store(const Stage &stage, ArrayRef<Value> values, Value buffer);
  Values loadBoth(Value step);
  void storeBoth(ArrayRef<Value> values, Value buffer);
  Values multiply(Value buffer, ValueRange sums) {
    return plan.matrix ? multiplyMatrices(buffer, sums)
                       : multiplyPoints(buffer, sums);
  }
  Values multiplyPoints(Value buffer, ValueRange sums);
  Values multiplyMatrices(Value buffer, ValueRange sums);
  Values readFragment(const Stage &stage, ArrayRef<Value> places, Value buffer,
                      Value deep);
  Values sumUp();
  void finishSlices(ArrayRef<Value> sums);

  Workgroup &workgroup;
  Stage rows, columns;
  Value shared;
};

} // namespace

/// Shares the tile's elements among the threads, so that neighbours read
/// neighbours. What lies beyond the side's extent reads its last point again:
/// nothing is stored of it.
void Emitter::prepare(Stage &stage, Value first) {
  const ProductSide &side = stage.side;
  int64_t threads = plan.threads(), fast = side.deepFast ? plan.depth
                                                         : side.tile;
  int64_t count = side.tile * plan.depth;
  for (int64_t done = 0; done < count; done += threads) {
    // The digits of thread + done; all numbers are powers of two.
    Value low, high;
    if (threads >= fast) {
      std::tie(high, low) = split(thread, fast);
      high = plus(high, number(done / fast));
    } else {
      low = plus(thread, number(done % fast));
      high = number(done / fast);
    }
    Staged element;
    element.place = side.deepFast ? high : low;
    element.deep = side.deepFast ? low : high;
    if (count < threads)
      element.mine = below(thread, count);
    Value point = plus(first, element.place);
    if (side.tiles() * side.tile != side.extent || element.mine)
      point = at.make<arith::MinUIOp>(point, number(side.extent - 1));
    placeSide(side, point);
    element.index = at.index;
    stage.elements.push_back(std::move(element));
  }
}

/// The thread's elements of step `step`; 0 beyond the end of the sum.
Values Emitter::load(const Stage &stage, Value step) {
  Values values;
  for (const Staged &element : stage.elements) {
    at.index = element.index;
    Value valid = placeSums(step, element.deep, bool(element.mine));
    Value value = at.operand(stage.side.yield);
    if (valid)
      value = at.make<arith::SelectOp>(
          valid, value, makeConstant(b, at.loc, plan.element, 0));
    values.push_back(value);
  }
  return values;
}

void Emitter::store(const Stage &stage, ArrayRef<Value> values,
                    Value buffer) {
  for (auto [element, value] : llvm::zip(stage.elements, values)) {
    OpBuilder::InsertionGuard guard(b);
    if (element.mine)
      b.setInsertionPointToStart(
          branch(element.mine));
    write(value, placeOf(stage, buffer, element.place, element.deep));
  }
}

Values Emitter::loadBoth(Value step) {
  Values values = load(rows, step);
  llvm::append_range(values, load(columns, step));
  return values;
}

void Emitter::storeBoth(ArrayRef<Value> values, Value buffer) {
  size_t count = rows.elements.size();
  store(rows, values.take_front(count), buffer);
  store(columns, values.drop_front(count), buffer);
}

/// Adds the products of the tiles at `buffer` to the thread's sums.
Values Emitter::multiplyPoints(Value buffer, ValueRange sums) {
  int64_t length = plan.depth / plan.slices;
  Value first = times(slice, length);
  return at.loop(length, sums, [&](Value i, ValueRange running) {
    Value deep = plus(first, i);
    auto element = [&](const Stage &stage, Value place) {
      return read(placeOf(stage, buffer, place, deep));
    };
    Values x, y, result;
    for (int64_t row = 0; row < plan.rows.perThread; ++row)
      x.push_back(element(rows, rowOf(number(row))));
    for (int64_t column = 0; column < plan.columns.perThread; ++column)
      y.push_back(element(columns, columnOf(column)));
    for (auto [n, sum] : llvm::enumerate(running))
      result.push_back(emitMultiplyAdd(b, at.loc, x[n / y.size()],
                                       y[n % y.size()], sum));
    return result;
  });
}

/// Elements of a stage at `places` and the thread's depths, four apart: the
/// large parts of all, then the small ones unless the plan rounds.
Values Emitter::readFragment(const Stage &stage, ArrayRef<Value> places,
                             Value buffer, Value deep) {
  Values large, small;
  for (int64_t more : {0, 4})
    for (Value place : places) {
      Value x = read(placeOf(stage, buffer, place,
                             plus(deep, plus(lanePlace, number(more)))));
      auto [first, second] = splitTf32(b, at.loc, x);
      large.push_back(first);
      if (!plan.rounded)
        small.push_back(second);
    }
  llvm::append_range(large, small);
  return large;
}

/// The same by matrix units. Products of two small parts are left out: they
/// are below the rounding of f32.
Values Emitter::multiplyMatrices(Value buffer, ValueRange sums) {
  int64_t length = plan.depth / plan.slices, width = plan.columns.perThread;
  Value first = times(slice, length);
  return at.loop(length / 8, sums, [&](Value i, ValueRange running) {
    Value deep = plus(first, times(i, 8));
    SmallVector<Values> x, y;
    for (int64_t row = 0; row < plan.rows.perThread; row += 2)
      x.push_back(readFragment(
          rows, {rowOf(number(row)), rowOf(number(row + 1))}, buffer, deep));
    for (int64_t column = 0; column < width; column += 2) {
      Value place = plus(plus(warpColumn, laneGroup), number(column * 4));
      y.push_back(readFragment(columns, place, buffer, deep));
    }
    Values result(running);
    for (auto [m, a] : llvm::enumerate(x))
      for (auto [n, c] : llvm::enumerate(y)) {
        // Two neighbours in each of two rows.
        size_t upper = 2 * m * width + 2 * n, lower = upper + width;
        Values part{result[upper], result[upper + 1], result[lower],
                    result[lower + 1]};
        ArrayRef<Value> left(a), right(c);
        constexpr std::pair<int, int> kTerms[] = {{4, 0}, {0, 2}, {0, 0}};
        for (auto [p, q] : ArrayRef(kTerms).drop_front(plan.rounded ? 2 : 0))
          part = workgroup.multiplyMatrix(b, at.loc, left.slice(p, 4),
                                          right.slice(q, 2), part);
        std::copy_n(part.begin(), 2, result.begin() + upper);
        std::copy_n(part.begin() + 2, 2, result.begin() + lower);
      }
    return result;
  });
}

/// The thread's sums over its slices of all steps.
Values Emitter::sumUp() {
  int64_t count = plan.rows.perThread * plan.columns.perThread;
  Values sums(count, makeConstant(b, at.loc, plan.element, 0));
  storeBoth(loadBoth(number(0)), number(0));
  workgroup.barrier(b, at.loc);
  int64_t steps = plan.steps();
  if (steps == 1)
    return multiply(number(0), sums);
  auto bufferOf = [&](Value step) {
    Value odd = at.make<arith::AndIOp>(step, number(1));
    return times(odd, plan.stageElements());
  };
  auto loop = scf::ForOp::create(b, at.loc, number(0), number(steps - 1),
                                 number(1), sums);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar(), next = plus(step, number(1));
    Values values = loadBoth(next);
    Values more = multiply(bufferOf(step), loop.getRegionIterArgs());
    storeBoth(values, bufferOf(next));
    workgroup.barrier(b, at.loc);
    scf::YieldOp::create(b, at.loc, more);
  }
  return multiply(bufferOf(number(steps - 1)), loop.getResults());
}

/// Adds up the slices' sums in order, by way of shared memory, each thread for
/// some elements of the tile.
void Emitter::finishSlices(ArrayRef<Value> sums) {
  int64_t area = plan.rows.tile * plan.columns.tile;
  int64_t width = plan.columns.perThread, threads = plan.threads();
  workgroup.barrier(b, at.loc);
  for (auto [n, sum] : llvm::enumerate(sums)) {
    Value place = plus(times(rowOf(number(n / width)), plan.columns.tile),
                       columnOf(n % width));
    place = plus(times(slice, area), place);
    write(sum, place);
  }
  workgroup.barrier(b, at.loc);
  OpBuilder::InsertionGuard guard(b);
  if (area < threads)
    b.setInsertionPointToStart(branch(below(thread, area)));
  int64_t turns = std::max<int64_t>(1, area / threads);
  at.loop(turns, {}, [&](Value turn, ValueRange) {
    Value element = plus(times(turn, threads), thread);
    Value zero = makeConstant(b, at.loc, plan.element, 0);
    Value sum = at.loop(plan.slices, zero, [&](Value i, ValueRange running) {
      Value place = plus(times(i, area), element);
      return Values{emitCombine(b, at.loc, Combiner::Sum, running[0],
                                read(place))};
    })[0];
    auto [row, column] = split(element, plan.columns.tile);
    finishAt(plus(tileRow, row), plus(tileColumn, column), sum);
    return Values();
  });
}

void Emitter::emit(Value group) {
  shared = workgroup.shared(b, at.loc, plan.sharedElements(), plan.element);
  placeGroup(group);
  placeThread();
  prepare(rows, tileRow);
  prepare(columns, tileColumn);
  Values sums = sumUp();
  if (plan.slices > 1)
    finishSlices(sums);
  else
    finish(std::move(sums));
}

void tiled::emitProduct(OpBuilder &b, DispatchOp op, const ProductPlan &plan,
                        Value group, Value thread, scalar::Memory &memory,
                        Workgroup &workgroup) {
  Emitter(b, op, plan, thread, memory, workgroup).emit(group);
}
