// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// While a group computes with one pair of tiles it loads the next one into
// registers and then writes it to the other half of shared memory, so that one
// barrier for each step is enough.
#include "targets/common/tiled/Product.h"

#include "targets/common/Combine.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/Invocation.h"

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

class Emitter {
public:
  Emitter(OpBuilder &b, DispatchOp op, const ProductPlan &plan, Value thread,
          scalar::Memory &memory, Workgroup &workgroup)
      : at(b, op, plan.nest, memory), b(b), plan(plan), thread(thread),
        workgroup(workgroup), rows{plan.rows, plan.layoutOf(plan.rows), 0},
        columns{plan.columns, plan.layoutOf(plan.columns),
                rows.layout.elements} {}

  void emit(Value group);

private:
  Value number(int64_t value) { return at.constant(value); }
  Value plus(Value x, Value y) {
    return b.createOrFold<arith::AddIOp>(at.loc, x, y);
  }
  Value times(Value x, int64_t factor) {
    return b.createOrFold<arith::MulIOp>(at.loc, x, number(factor));
  }
  /// (x / divisor, x % divisor)
  std::pair<Value, Value> split(Value x, int64_t divisor) {
    if (divisor == 1)
      return {x, number(0)};
    return {at.make<arith::DivUIOp>(x, number(divisor)),
            at.make<arith::RemUIOp>(x, number(divisor))};
  }
  Value below(Value x, int64_t bound) {
    return at.make<arith::CmpIOp>(arith::CmpIPredicate::ult, x,
                                  number(bound));
  }
  /// What happens only if `condition`.
  Block *branch(Value condition) {
    return scf::IfOp::create(b, at.loc, condition, /*withElse=*/false)
        .thenBlock();
  }
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
  void placeGroup(Value group);
  void placeThread();
  void placeLane();
  void placeSide(const ProductSide &side, Value point);
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
  void finish(Values sums);
  void finishSlices(ArrayRef<Value> sums);
  void finishAt(Value row, Value column, Value sum);
  /// Where a thread's row or column number i lies in the tile.
  Value rowOf(Value i) {
    return plus(firstRow, plan.matrix ? times(i, 8) : i);
  }
  Value columnOf(int64_t j);

  scalar::Invocation at;
  OpBuilder &b;
  const ProductPlan &plan;
  Value thread;
  Workgroup &workgroup;
  Stage rows, columns;
  Value shared;
  Value tileRow, tileColumn; ///< first of the group's
  Value slice, firstRow, threadColumn;
  /// Of matrices: the first column of the warp, and the thread's place in it.
  Value warpColumn, laneGroup, lanePlace;
};

} // namespace

void Emitter::placeGroup(Value group) {
  auto [columnsAndBatch, row] = split(group, plan.rows.tiles());
  auto [batch, column] = split(columnsAndBatch, plan.columns.tiles());
  tileRow = times(row, plan.rows.tile);
  tileColumn = times(column, plan.columns.tile);
  SmallVector<int64_t> extents;
  for (unsigned dim : plan.batches)
    extents.push_back(plan.nest.dims[dim].extent);
  if (!plan.batches.empty())
    at.place(batch, plan.batches, extents);
}

/// A warp has neighbouring rows and columns.
void Emitter::placeLane() {
  auto [warp, lane] = split(thread, 32);
  std::tie(laneGroup, lanePlace) = split(lane, 4);
  auto [rest, column] = split(warp, plan.columns.threads() / 4);
  auto [sliceNumber, row] = split(rest, plan.rows.threads() / 8);
  slice = sliceNumber;
  firstRow = plus(times(row, plan.rows.perThread * 8), laneGroup);
  warpColumn = times(column, plan.columns.perThread * 4);
}

void Emitter::placeThread() {
  if (plan.matrix)
    return placeLane();
  auto [rest, column] = split(thread, plan.columns.threads());
  auto [sliceNumber, row] = split(rest, plan.rows.threads());
  slice = sliceNumber;
  threadColumn = column;
  firstRow = times(row, plan.rows.perThread);
}

/// Threads side by side have columns side by side, four of each at a time, or
/// two of a matrix.
Value Emitter::columnOf(int64_t j) {
  if (plan.matrix)
    return plus(plus(warpColumn, times(lanePlace, 2)),
                number(j / 2 * 8 + j % 2));
  int64_t run = std::min<int64_t>(plan.columns.perThread, 4);
  return plus(times(threadColumn, run),
              number(j / run * run * plan.columns.threads() + j % run));
}

/// Stands at point `point` of the side's dimensions.
void Emitter::placeSide(const ProductSide &side, Value point) {
  SmallVector<int64_t> extents;
  for (unsigned dim : side.dims)
    extents.push_back(plan.nest.dims[dim].extent);
  if (!side.dims.empty())
    at.place(point, side.dims, extents);
}

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
  SmallVector<int64_t> extents;
  for (unsigned dim : plan.sums)
    extents.push_back(plan.nest.dims[dim].extent);
  bool ragged = plan.sumCount % plan.depth != 0;
  Value first = times(step, plan.depth);
  for (const Staged &element : stage.elements) {
    at.index = element.index;
    Value point = plus(first, element.deep), valid;
    if (ragged || element.mine) {
      valid = below(point, plan.sumCount);
      point = at.make<arith::MinUIOp>(point, number(plan.sumCount - 1));
    }
    at.place(point, plan.sums, extents);
    Value value = at.operand(stage.side.yield);
    if (ragged)
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

/// x in two parts that matrix units read without loss or nearly so: TF32 has
/// 10 bits behind the point, and the device leaves out all others.
static std::pair<Value, Value> splitNumber(OpBuilder &b, Location loc,
                                           Value x) {
  constexpr int64_t kHalf = 0x1000, kKept = ~int64_t(0x1fff);
  Type i32 = b.getI32Type();
  auto bits = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(b, loc, int32_t(value), 32);
  };
  Value raw = arith::BitcastOp::create(b, loc, i32, x);
  Value rounded = arith::AndIOp::create(
      b, loc, arith::AddIOp::create(b, loc, raw, bits(kHalf)), bits(kKept));
  Value large = arith::BitcastOp::create(b, loc, x.getType(), rounded);
  return {large, arith::SubFOp::create(b, loc, x, large)};
}

/// Elements of a stage at `places` and the thread's depths, four apart: the
/// large parts of all, then the small ones.
Values Emitter::readFragment(const Stage &stage, ArrayRef<Value> places,
                             Value buffer, Value deep) {
  Values large, small;
  for (int64_t more : {0, 4})
    for (Value place : places) {
      Value x = read(placeOf(stage, buffer, place,
                             plus(deep, plus(lanePlace, number(more)))));
      auto [first, second] = splitNumber(b, at.loc, x);
      large.push_back(first);
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
        for (auto [p, q] : {std::pair(4, 0), {0, 2}, {0, 0}})
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

/// Hands one sum to the epilogue if it is inside of the product.
void Emitter::finishAt(Value row, Value column, Value sum) {
  OpBuilder::InsertionGuard guard(b);
  auto check = [&](const ProductSide &side, Value point) {
    if (side.tiles() * side.tile == side.extent)
      return;
    b.setInsertionPointToStart(branch(below(point, side.extent)));
  };
  check(plan.rows, row);
  check(plan.columns, column);
  placeSide(plan.rows, row);
  placeSide(plan.columns, column);
  at.reset(plan.sums);
  at.epilogue(sum);
}

/// One row of the thread's tile in each turn of a loop, so that the epilogue's
/// code is there once for each column; the rows move up in registers.
void Emitter::finish(Values sums) {
  int64_t width = plan.columns.perThread;
  at.loop(plan.rows.perThread, sums, [&](Value i, ValueRange running) {
    Value row = plus(tileRow, rowOf(i));
    for (int64_t j = 0; j < width; ++j)
      finishAt(row, plus(tileColumn, columnOf(j)), running[j]);
    Values rotated(running.drop_front(width));
    llvm::append_range(rotated, running.take_front(width));
    return rotated;
  });
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
