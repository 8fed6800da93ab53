// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/tiled/Rows.h"

#include "targets/common/scalar/Order.h"
#include "targets/common/scalar/Row.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::tiled;

using Values = scalar::Invocation::Values;

/// The least distance in memory of neighbours along the row, or across rows.
static int64_t leastStride(const Nest &nest, bool alongRow) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const NestAccess &load : nest.loads)
    for (auto [dim, factor] : llvm::zip(nest.dims, load.address.factors))
      if (dim.reduction == alongRow && dim.extent > 1 && factor != 0)
        least = std::min(least, std::abs(factor));
  return least;
}

FailureOr<RowPlan> tiled::planRows(DispatchOp op, const GroupLimits &limits) {
  RootKind kind = op.getKind();
  if (kind != RootKind::Reduce && kind != RootKind::Softmax &&
      kind != RootKind::Norm)
    return failure();
  RowPlan plan;
  plan.element =
      op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  if (!isGroupElement(plan.element))
    return failure();
  FailureOr<Nest> nest = buildNest(op);
  if (failed(nest))
    return failure();
  int64_t rows = nest->parallelPoints(), length = nest->reductionPoints();
  // Below, a thread alone is done before others could help.
  constexpr int64_t kLeastLength = 32, kThreads = 128;
  if (rows == 0 || length < kLeastLength)
    return failure();
  plan.nest = std::move(*nest);
  collapse(plan.nest);
  scalar::orderByStore(plan.nest);
  // Threads of neighbouring rows read neighbours as well, if there are enough.
  bool along = leastStride(plan.nest, true) < leastStride(plan.nest, false);
  if (!along && rows >= limits.processors * kThreads)
    return failure();
  int64_t most = std::min(kThreads, limits.threads);
  plan.perRow = std::min<int64_t>(most, llvm::PowerOf2Ceil(length / 8));
  while (plan.perRow < most && 2 * plan.perRow <= length &&
         rows * plan.perRow < limits.processors * kThreads)
    plan.perRow *= 2;
  plan.rows = most / plan.perRow;
  return plan;
}

namespace {

class SharedRow : public scalar::Row {
public:
  SharedRow(scalar::Invocation &at, const RowPlan &plan, Value thread,
            Workgroup &workgroup)
      : at(at), plan(plan), thread(thread), workgroup(workgroup) {
    shared = workgroup.shared(at.b, at.loc, plan.threads(), plan.element);
  }

  void place(Value group);
  Value fold(Value identity, function_ref<Value(Value)> step,
             function_ref<Value(Value, Value)> combine) override;
  void each(function_ref<void()> body) override;
  void once(function_ref<void()> body) override;

private:
  Value number(int64_t value) { return at.constant(value); }
  Value below(Value x, int64_t bound) {
    return at.make<arith::CmpIOp>(arith::CmpIPredicate::ult, x,
                                  number(bound));
  }
  void onlyIf(Value condition, function_ref<void()> body);
  int64_t turns() const {
    return llvm::divideCeil(plan.nest.reductionPoints(), plan.perRow);
  }
  Value pointOf(Value turn);
  void moveTo(Value point);
  bool isRagged() const {
    return plan.nest.reductionPoints() % plan.perRow != 0;
  }
  Value load(Value place) {
    return memref::LoadOp::create(at.b, at.loc, shared, ValueRange{place});
  }
  void store(Value value, Value place) {
    memref::StoreOp::create(at.b, at.loc, value, shared, ValueRange{place});
  }

  scalar::Invocation &at;
  const RowPlan &plan;
  Value thread, lane, shared;
  Value active; ///< the thread has a row; null: always
  Workgroup &workgroup;
};

} // namespace

/// Stands at the thread's row; threads without one go along with the last.
void SharedRow::place(Value group) {
  Value perRow = number(plan.perRow);
  lane = at.make<arith::RemUIOp>(thread, perRow);
  Value row = at.make<arith::AddIOp>(
      at.make<arith::MulIOp>(group, number(plan.rows)),
      at.make<arith::DivUIOp>(thread, perRow));
  int64_t count = plan.nest.parallelPoints();
  if (count % plan.rows != 0) {
    active = below(row, count);
    row = at.make<arith::MinUIOp>(row, number(count - 1));
  }
  at.placeParallel(row);
}

void SharedRow::onlyIf(Value condition, function_ref<void()> body) {
  if (!condition)
    return body();
  OpBuilder::InsertionGuard guard(at.b);
  at.b.setInsertionPointToStart(
      scf::IfOp::create(at.b, at.loc, condition, /*withElse=*/false)
          .thenBlock());
  body();
}

Value SharedRow::pointOf(Value turn) {
  return at.make<arith::AddIOp>(
      at.make<arith::MulIOp>(turn, number(plan.perRow)), lane);
}

void SharedRow::moveTo(Value point) {
  at.place(point, at.reduction());
}

Value SharedRow::fold(Value identity, function_ref<Value(Value)> step,
                      function_ref<Value(Value, Value)> combine) {
  int64_t length = plan.nest.reductionPoints();
  Value own = at.loop(turns(), identity, [&](Value turn, ValueRange running) {
    Value point = pointOf(turn), inside;
    if (isRagged()) {
      inside = below(point, length);
      point = at.make<arith::MinUIOp>(point, number(length - 1));
    }
    moveTo(point);
    Value next = step(running[0]);
    if (inside)
      next = at.make<arith::SelectOp>(inside, next, running[0]);
    return Values{next};
  })[0];
  // What the last fold has left has been read.
  workgroup.barrier(at.b, at.loc);
  store(own, thread);
  workgroup.barrier(at.b, at.loc);
  for (int64_t half = plan.perRow / 2; half > 0; half /= 2) {
    onlyIf(below(lane, half), [&] {
      Value other = at.make<arith::AddIOp>(thread, number(half));
      Value first = load(thread);
      store(combine(first, load(other)), thread);
    });
    workgroup.barrier(at.b, at.loc);
  }
  return load(at.make<arith::SubIOp>(thread, lane));
}

void SharedRow::each(function_ref<void()> body) {
  onlyIf(active, [&] {
    at.loop(turns(), {}, [&](Value turn, ValueRange) {
      Value point = pointOf(turn);
      Value inside =
          isRagged() ? below(point, plan.nest.reductionPoints()) : Value();
      onlyIf(inside, [&] {
        moveTo(point);
        body();
      });
      return Values();
    });
  });
}

void SharedRow::once(function_ref<void()> body) {
  onlyIf(active, [&] {
    onlyIf(below(lane, 1), [&] {
      at.reset(at.reduction());
      body();
    });
  });
}

void tiled::emitRows(OpBuilder &b, DispatchOp op, const RowPlan &plan,
                     Value group, Value thread, scalar::Memory &memory,
                     Workgroup &workgroup) {
  scalar::Invocation at(b, op, plan.nest, memory);
  SharedRow row(at, plan, thread, workgroup);
  row.place(group);
  switch (op.getKind()) {
  case RootKind::Softmax:
    return scalar::emitSoftmax(at, row);
  case RootKind::Norm:
    return scalar::emitNorm(at, row);
  default:
    return scalar::emitReduce(at, row);
  }
}
