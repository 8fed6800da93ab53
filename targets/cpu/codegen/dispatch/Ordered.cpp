// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Roots whose row has an order: arg_reduce, scan and topk. Lanes run across
// rows only.
#include "targets/cpu/codegen/dispatch/Rows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// The position in the row as i64, for all lanes.
static Value asInteger(KernelBuilder &kb, Value position, unsigned lanes) {
  Value integer = arith::IndexCastOp::create(kb.b, kb.loc, kb.b.getI64Type(),
                                             position);
  return toLanes(kb.b, kb.loc, integer, lanes);
}

FailureOr<KernelInfo> cpu::emitArgReduce(KernelBuilder &kb) {
  FailureOr<LoopPlan> plan = makeLoopPlan(kb, /*reduces=*/true);
  if (failed(plan))
    return failure();
  auto kind = cast<ReduceKindAttr>(kb.op.getRootParam("combiner"));
  bool smaller = kind.getValue() == ReduceKind::Min;
  bool last = bool(kb.op.getRootParam("last"));
  Rows rows(kb, *plan);
  rows.forEach([&] {
    unsigned lanes = rows.rowLanes();
    // The first element stands until a better one comes; NaN stands for good.
    Value first = toLanes(kb.b, kb.loc, rows.rowPoint().prologue()[0], lanes);
    Value none = asInteger(kb, kb.index(0), lanes);
    SmallVector<Value> best = rows.fold(
        {first, none},
        [&](Point &point, Value number, ValueRange running) {
          Value x = toLanes(kb.b, kb.loc, point.prologue()[0], lanes);
          Value better = emitIsBetter(kb.b, kb.loc, x, running[0], smaller);
          if (last)
            better = arith::OrIOp::create(kb.b, kb.loc, better,
                                          emitIsEqual(kb.b, kb.loc, x, running[0]));
          Value here = asInteger(kb, number, lanes);
          return SmallVector<Value>{
              arith::SelectOp::create(kb.b, kb.loc, better, x, running[0]),
              arith::SelectOp::create(kb.b, kb.loc, better, here,
                                      running[1])};
        });
    rows.rowPoint().epilogue(best[1]);
  });
  return kb.finish(rows.tiles().count, double(plan->nest.parallelPoints()) *
                                           plan->nest.reductionPoints());
}

FailureOr<KernelInfo> cpu::emitScan(KernelBuilder &kb) {
  FailureOr<LoopPlan> plan = makeLoopPlan(kb, /*reduces=*/true);
  if (failed(plan))
    return failure();
  bool exclusive = bool(kb.op.getRootParam("exclusive"));
  Rows rows(kb, *plan);
  rows.setReversed(bool(kb.op.getRootParam("reverse")));
  Type element =
      kb.op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  rows.forEach([&] {
    unsigned lanes = rows.rowLanes();
    Value zero =
        makeConstant(kb.b, kb.loc, vectorOrScalar(element, lanes), 0);
    rows.fold(zero, [&](Point &point, Value, ValueRange running) {
      Value x = toLanes(kb.b, kb.loc, point.prologue()[0], lanes);
      Value sum = emitCombine(kb.b, kb.loc, Combiner::Sum, running[0], x);
      point.epilogue(exclusive ? running[0] : sum);
      return SmallVector<Value>{sum};
    });
  });
  return kb.finish(rows.tiles().count, double(plan->nest.parallelPoints()) *
                                           plan->nest.reductionPoints());
}

namespace {

/// The k best elements of a row so far, best first.
struct BestList {
  KernelBuilder &kb;
  int64_t k;
  bool smaller;
  Value keys, numbers;

  Value load(Value list, Value at) {
    return memref::LoadOp::create(kb.b, kb.loc, list, ValueRange{at});
  }
  void store(Value list, Value at, Value value) {
    memref::StoreOp::create(kb.b, kb.loc, value, list, ValueRange{at});
  }
  Value before(Value at) {
    return arith::SubIOp::create(kb.b, kb.loc, at, kb.index(1));
  }
  Value isBelow(Value at, int64_t limit) {
    return arith::CmpIOp::create(kb.b, kb.loc, arith::CmpIPredicate::ult, at,
                                 kb.index(limit));
  }
  void insert(Value key, Value number);
};

} // namespace

/// Moves worse elements one place down and puts the new one above them; equal
/// ones stay before it.
void BestList::insert(Value key, Value number) {
  OpBuilder &b = kb.b;
  Location loc = kb.loc;
  Value filled = arith::MinUIOp::create(b, loc, number, kb.index(k));
  auto search = scf::WhileOp::create(
      b, loc, TypeRange{b.getIndexType()}, ValueRange{filled},
      [&](OpBuilder &, Location, ValueRange at) {
        Value some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                           at[0], kb.index(0));
        Value above = arith::SelectOp::create(b, loc, some, before(at[0]),
                                              kb.index(0));
        Value better = emitIsBetter(kb.b, kb.loc, key, load(keys, above), smaller);
        scf::ConditionOp::create(
            b, loc, arith::AndIOp::create(b, loc, some, better), at);
      },
      [&](OpBuilder &, Location, ValueRange at) {
        Value above = before(at[0]);
        auto fits = scf::IfOp::create(b, loc, isBelow(at[0], k),
                                      /*withElse=*/false);
        {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPointToStart(fits.thenBlock());
          store(keys, at[0], load(keys, above));
          store(numbers, at[0], load(numbers, above));
        }
        scf::YieldOp::create(b, loc, above);
      });
  Value place = search.getResult(0);
  auto fits =
      scf::IfOp::create(b, loc, isBelow(place, k), /*withElse=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(fits.thenBlock());
  store(keys, place, key);
  store(numbers, place, asInteger(kb, number, 0));
}

FailureOr<KernelInfo> cpu::emitTopK(KernelBuilder &kb) {
  FailureOr<LoopPlan> plan = makeLoopPlan(kb, /*reduces=*/true);
  if (failed(plan))
    return failure();
  Type element =
      kb.op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  int64_t k = cast<IntegerAttr>(kb.op.getRootParam("k")).getInt();
  int64_t room = std::max<int64_t>(k, 1);
  BestList best{kb, k, bool(kb.op.getRootParam("smallest")),
                kb.scratch(room, element),
                kb.scratch(room, kb.b.getI64Type())};
  Rows rows(kb, *plan);
  rows.forEach([&] {
    rows.fold({}, [&](Point &point, Value number, ValueRange) {
      best.insert(point.prologue()[0], number);
      return SmallVector<Value>();
    });
    emitFor(kb, kb.index(0), kb.index(k), 1, [&](Value place) {
      rows.rowPoint(place).epilogue(
          {best.load(best.keys, place), best.load(best.numbers, place)});
    });
  });
  return kb.finish(rows.tiles().count, double(plan->nest.parallelPoints()) *
                                           plan->nest.reductionPoints());
}
