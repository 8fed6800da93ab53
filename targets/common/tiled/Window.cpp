// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread goes over its results' taps, some at a time. Of these it has all
// weights in registers, reads each place of the input once, and adds what that
// gives to all sums whose windows reach there.
#include "targets/common/tiled/Window.h"

#include "targets/common/Combine.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/Invocation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::tiled;

using Values = scalar::Invocation::Values;
using Position = WindowAxis::Position;

namespace {

class Emitter {
public:
  Emitter(OpBuilder &b, DispatchOp op, const WindowPlan &plan,
          scalar::Memory &memory)
      : at(b, op, plan.nest, memory), b(b), plan(plan),
        last(plan.nest.parallelRank() - 1), taps(plan.axes.size()),
        first(plan.axes.size()) {}

  void emit(Value id);

private:
  Value number(int64_t value) { return at.constant(value); }
  Value plus(Value x, int64_t y) {
    return b.createOrFold<arith::AddIOp>(at.loc, x, number(y));
  }
  Value times(Value x, int64_t factor) {
    return b.createOrFold<arith::MulIOp>(at.loc, x, number(factor));
  }
  bool isRagged(const WindowAxis &axis) const {
    return plan.nest.dims[axis.place].extent % axis.results != 0;
  }
  void place(Value id);
  /// Calls `body` with the number of each point of a space.
  void eachPoint(ArrayRef<int64_t> extents,
                 function_ref<void(ArrayRef<int64_t>)> body);
  Values overTaps(unsigned axis, ValueRange sums);
  Values multiply(ValueRange sums);
  Values weightsOfTaps();
  Values read(ArrayRef<Position> position);
  void finish(ArrayRef<Value> sums);
  SmallVector<int64_t> resultExtents() const {
    SmallVector<int64_t> extents;
    for (const WindowAxis &axis : plan.axes)
      extents.push_back(axis.results);
    return extents;
  }
  /// The number of a point, the last coordinate the fastest.
  static int64_t numberOf(ArrayRef<int64_t> point,
                          ArrayRef<int64_t> extents) {
    int64_t result = 0;
    for (auto [x, extent] : llvm::zip_equal(point, extents))
      result = result * extent + x;
    return result;
  }

  scalar::Invocation at;
  OpBuilder &b;
  const WindowPlan &plan;
  unsigned last;             ///< parallel dimension
  SmallVector<int64_t> taps; ///< by axis, written out where the code stands
  Values first;              ///< of these, and
  Values base;               ///< by axis, first of the thread's results
  Value neighbour;           ///< first of the thread's
};

} // namespace

void Emitter::place(Value id) {
  SmallVector<unsigned> dims;
  SmallVector<int64_t> extents;
  for (unsigned dim = 0; dim <= last; ++dim) {
    dims.push_back(dim);
    extents.push_back(plan.threadsAlong(dim));
  }
  at.place(id, dims, extents);
  for (const WindowAxis &axis : plan.axes)
    base.push_back(times(at.index[axis.place], axis.results));
  if (plan.neighbours > 1)
    at.index[last] = times(at.index[last], plan.neighbours);
  neighbour = at.index[last];
}

void Emitter::eachPoint(ArrayRef<int64_t> extents,
                        function_ref<void(ArrayRef<int64_t>)> body) {
  int64_t count = 1;
  for (int64_t extent : extents)
    count *= extent;
  SmallVector<int64_t> point(extents.size());
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i;
    for (unsigned axis = extents.size(); axis-- > 0;) {
      point[axis] = rest % extents[axis];
      rest /= extents[axis];
    }
    body(point);
  }
}

/// The weights of all taps at a time, of each neighbour where they differ.
Values Emitter::weightsOfTaps() {
  Values weights;
  eachPoint(taps, [&](ArrayRef<int64_t> tap) {
    for (auto [i, axis] : llvm::enumerate(plan.axes)) {
      at.index[axis.place] = base[i];
      at.index[axis.tap] = plus(first[i], tap[i]);
    }
    for (int64_t n = 0; n < plan.neighbours; ++n) {
      if (n > 0 && !plan.weightsMove) {
        weights.push_back(weights.back());
        continue;
      }
      if (plan.neighbours > 1)
        at.index[last] = plus(neighbour, n);
      weights.push_back(at.operand(1 - plan.input));
    }
  });
  return weights;
}

/// The input of all neighbours at a position. Results beyond an extent are not
/// stored, so what they read is read at the end of the extent instead; no
/// other result reads there, for a position's result is the first that does.
Values Emitter::read(ArrayRef<Position> position) {
  for (auto [i, axis] : llvm::enumerate(plan.axes)) {
    Value place = plus(base[i], position[i].result);
    if (isRagged(axis) && position[i].result > 0)
      place = at.make<arith::MinUIOp>(
          place, number(plan.nest.dims[axis.place].extent - 1));
    at.index[axis.place] = place;
    at.index[axis.tap] = plus(first[i], position[i].tap);
  }
  Values values;
  for (int64_t n = 0; n < plan.neighbours; ++n) {
    if (plan.neighbours > 1)
      at.index[last] = plus(neighbour, n);
    values.push_back(at.operand(plan.input));
  }
  return values;
}

/// Adds to the sums what the taps at a time give.
Values Emitter::multiply(ValueRange sums) {
  Values weights = weightsOfTaps(), result(sums);
  SmallVector<SmallVector<Position>> positions;
  SmallVector<int64_t> counts;
  for (auto [i, axis] : llvm::enumerate(plan.axes)) {
    positions.push_back(axis.positions(taps[i]));
    counts.push_back(positions.back().size());
  }
  SmallVector<int64_t> results = resultExtents();
  eachPoint(counts, [&](ArrayRef<int64_t> point) {
    SmallVector<Position> position;
    for (auto [i, number] : llvm::enumerate(point))
      position.push_back(positions[i][number]);
    Values values = read(position);
    eachPoint(results, [&](ArrayRef<int64_t> r) {
      SmallVector<int64_t> tap;
      for (auto [i, axis] : llvm::enumerate(plan.axes)) {
        int64_t rest = position[i].at - r[i] * axis.stride;
        if (rest < 0 || rest % axis.dilation != 0 ||
            rest / axis.dilation >= taps[i])
          return;
        tap.push_back(rest / axis.dilation);
      }
      for (int64_t n = 0; n < plan.neighbours; ++n) {
        Value &sum = result[numberOf(r, results) * plan.neighbours + n];
        Value weight = weights[numberOf(tap, taps) * plan.neighbours + n];
        sum = plan.input == 0
                  ? emitMultiplyAdd(b, at.loc, values[n], weight, sum)
                  : emitMultiplyAdd(b, at.loc, weight, values[n], sum);
      }
    });
  });
  return result;
}

/// Goes over the taps from an axis on, some at a time.
Values Emitter::overTaps(unsigned number, ValueRange sums) {
  if (number == plan.axes.size())
    return multiply(sums);
  const WindowAxis &axis = plan.axes[number];
  int64_t extent = plan.nest.dims[axis.tap].extent;
  int64_t turns = extent / axis.taps, rest = extent % axis.taps;
  taps[number] = axis.taps;
  Values result = at.loop(turns, sums, [&](Value turn, ValueRange running) {
    first[number] = times(turn, axis.taps);
    return overTaps(number + 1, running);
  });
  if (rest == 0)
    return result;
  taps[number] = rest;
  first[number] = this->number(turns * axis.taps);
  return overTaps(number + 1, result);
}

void Emitter::finish(ArrayRef<Value> sums) {
  at.reset(at.reduction());
  SmallVector<int64_t> results = resultExtents();
  eachPoint(results, [&](ArrayRef<int64_t> r) {
    OpBuilder::InsertionGuard guard(b);
    for (auto [i, axis] : llvm::enumerate(plan.axes)) {
      Value place = plus(base[i], r[i]);
      at.index[axis.place] = place;
      if (!isRagged(axis) || r[i] == 0)
        continue;
      Value there = at.make<arith::CmpIOp>(
          arith::CmpIPredicate::ult, place,
          number(plan.nest.dims[axis.place].extent));
      b.setInsertionPointToStart(
          scf::IfOp::create(b, at.loc, there, /*withElse=*/false)
              .thenBlock());
    }
    for (int64_t n = 0; n < plan.neighbours; ++n) {
      if (plan.neighbours > 1)
        at.index[last] = plus(neighbour, n);
      at.epilogue(sums[numberOf(r, results) * plan.neighbours + n]);
    }
  });
}

void Emitter::emit(Value id) {
  place(id);
  int64_t count = plan.neighbours;
  for (int64_t results : resultExtents())
    count *= results;
  Values sums(count, makeConstant(b, at.loc, plan.element, 0));
  finish(at.loop(plan.outer, sums, [&](ValueRange running) {
    return overTaps(0, running);
  }));
}

void tiled::emitWindow(OpBuilder &b, DispatchOp op, const WindowPlan &plan,
                       Value group, Value thread, scalar::Memory &memory) {
  Location loc = op.getLoc();
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value id = arith::AddIOp::create(
      b, loc, arith::MulIOp::create(b, loc, group, number(plan.threads())),
      thread);
  OpBuilder::InsertionGuard guard(b);
  if (plan.threadCount() % plan.threads() != 0) {
    Value active = arith::CmpIOp::create(
        b, loc, arith::CmpIPredicate::ult, id, number(plan.threadCount()));
    b.setInsertionPointToStart(
        scf::IfOp::create(b, loc, active, /*withElse=*/false).thenBlock());
  }
  Emitter(b, op, plan, memory).emit(id);
}
