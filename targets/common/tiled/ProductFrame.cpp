// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/tiled/ProductFrame.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::tiled;

Value ProductFrame::plus(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(at.loc, x, y);
}

Value ProductFrame::times(Value x, int64_t factor) {
  return b.createOrFold<arith::MulIOp>(at.loc, x, number(factor));
}

std::pair<Value, Value> ProductFrame::split(Value x, int64_t divisor) {
  if (divisor == 1)
    return {x, number(0)};
  return {at.make<arith::DivUIOp>(x, number(divisor)),
          at.make<arith::RemUIOp>(x, number(divisor))};
}

Value ProductFrame::below(Value x, int64_t bound) {
  return at.make<arith::CmpIOp>(arith::CmpIPredicate::ult, x, number(bound));
}

Block *ProductFrame::branch(Value condition) {
  return scf::IfOp::create(b, at.loc, condition, /*withElse=*/false)
      .thenBlock();
}

void ProductFrame::placeGroup(Value group) {
  auto [columnsAndBatch, row] = split(group, plan.rows.tiles());
  auto [batch, column] = split(columnsAndBatch, plan.columns.tiles());
  tileRow = times(row, plan.rows.tile);
  tileColumn = times(column, plan.columns.tile);
  at.place(batch, plan.batches);
}

/// A warp has neighbouring rows and columns.
void ProductFrame::placeLane() {
  auto [warp, laneNumber] = split(thread, 32);
  lane = laneNumber;
  std::tie(laneGroup, lanePlace) = split(lane, 4);
  auto [rest, column] = split(warp, plan.columns.threads() / 4);
  auto [sliceNumber, row] = split(rest, plan.rows.threads() / 8);
  slice = sliceNumber;
  warpRow = times(row, plan.rows.perThread * 8);
  firstRow = plus(warpRow, laneGroup);
  warpColumn = times(column, plan.columns.perThread * 4);
}

void ProductFrame::placeThread() {
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
Value ProductFrame::columnOf(int64_t j) {
  if (plan.matrix)
    return plus(plus(warpColumn, times(lanePlace, 2)),
                number(j / 2 * 8 + j % 2));
  int64_t run = std::min<int64_t>(plan.columns.perThread, 4);
  return plus(times(threadColumn, run),
              number(j / run * run * plan.columns.threads() + j % run));
}

void ProductFrame::placeSide(const ProductSide &side, Value point) {
  at.place(point, side.dims);
}

Value ProductFrame::placeSums(Value step, Value deep, bool mayExceed,
                              int64_t run) {
  if (plan.stepsInside()) {
    if (mayExceed)
      deep = at.make<arith::MinUIOp>(deep, number(plan.depth - run));
    auto [outer, part] = split(step, plan.innerSum() / plan.depth);
    ArrayRef<unsigned> dims(plan.sums);
    at.place(outer, dims.drop_back());
    at.index[dims.back()] = plus(times(part, plan.depth), deep);
    return {};
  }
  Value point = plus(times(step, plan.depth), deep), valid;
  bool ragged = plan.sumCount % plan.depth != 0;
  if (ragged)
    valid = below(point, plan.sumCount);
  if (ragged || mayExceed)
    point = at.make<arith::MinUIOp>(point, number(plan.sumCount - run));
  at.place(point, plan.sums);
  return valid;
}

Value ProductFrame::rowOf(Value i) {
  return plus(firstRow, plan.matrix ? times(i, 8) : i);
}

void ProductFrame::finishAt(Value row, Value column, Value sum) {
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
void ProductFrame::finish(Values sums) {
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
