// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Roots whose row has an order: arg_reduce, scan, topk and scatter.
#include "targets/common/Combine.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/Invocation.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;
using namespace visir::scalar;

using Values = Invocation::Values;

/// The row as one sequence of points.
static int64_t rowLength(const Invocation &at) {
  return at.nest.reductionPoints();
}

/// Stands at point `number` of the row.
static void moveTo(Invocation &at, Value number) {
  at.place(number, at.reduction());
}

static Value asInteger(Invocation &at, Value number) {
  return at.make<arith::IndexCastOp>(at.b.getI64Type(), number);
}

void scalar::emitArgReduce(Invocation &at, Value id) {
  at.placeParallel(id);
  bool smaller = cast<ReduceKindAttr>(at.op.getRootParam("combiner"))
                     .getValue() == ReduceKind::Min;
  bool last = bool(at.op.getRootParam("last"));
  // The first element stands until a better one comes; NaN stands for good.
  at.reset(at.reduction());
  Value first = at.prologue()[0];
  Values best = at.loop(
      rowLength(at), {first, asInteger(at, at.constant(0))},
      [&](Value i, ValueRange running) {
        moveTo(at, i);
        Value x = at.prologue()[0];
        Value better = emitIsBetter(at.b, at.loc, x, running[0], smaller);
        if (last)
          better = at.make<arith::OrIOp>(
              better, emitIsEqual(at.b, at.loc, x, running[0]));
        return Values{
            at.make<arith::SelectOp>(better, x, running[0]),
            at.make<arith::SelectOp>(better, asInteger(at, i), running[1])};
      });
  at.reset(at.reduction());
  at.epilogue(best[1]);
}

void scalar::emitScan(Invocation &at, Value id) {
  if (at.reducesNothing())
    return;
  at.placeParallel(id);
  bool exclusive = bool(at.op.getRootParam("exclusive"));
  bool reverse = bool(at.op.getRootParam("reverse"));
  Type type =
      at.op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  int64_t length = rowLength(at);
  at.loop(length, makeConstant(at.b, at.loc, type, 0),
          [&](Value i, ValueRange running) {
            if (reverse)
              i = at.make<arith::SubIOp>(at.constant(length - 1), i);
            moveTo(at, i);
            Value sum = emitCombine(at.b, at.loc, Combiner::Sum, running[0],
                                    at.prologue()[0]);
            at.epilogue(exclusive ? running[0] : sum);
            return Values{sum};
          });
}

/// The best element of the row that comes after (`key`, `number`) in the
/// order of results; the first of equals comes first. `start`: no element has
/// been taken yet. Returns key and number, zeros when NaNs hide all.
static Values nextBest(Invocation &at, bool smaller, Value start, Value key,
                       Value number) {
  OpBuilder &b = at.b;
  Value zero = makeConstant(b, at.loc, key.getType(), 0);
  Value none = arith::ConstantIntOp::create(b, at.loc, 0, 1);
  Value yes = arith::ConstantIntOp::create(b, at.loc, 1, 1);
  return at.loop(
      rowLength(at), {zero, asInteger(at, at.constant(0)), none},
      [&](Value i, ValueRange best) {
        moveTo(at, i);
        Value x = at.prologue()[0], here = asInteger(at, i);
        Value later =
            at.make<arith::CmpIOp>(arith::CmpIPredicate::sgt, here, number);
        Value equalLater = at.make<arith::AndIOp>(
            later, emitIsEqual(b, at.loc, x, key));
        Value open = at.make<arith::OrIOp>(
            emitIsBetter(b, at.loc, key, x, smaller), equalLater);
        open = at.make<arith::OrIOp>(open, start);
        Value better = emitIsBetter(b, at.loc, x, best[0], smaller);
        Value first = at.make<arith::XOrIOp>(best[2], yes);
        Value take = at.make<arith::AndIOp>(
            open, at.make<arith::OrIOp>(first, better));
        return Values{at.make<arith::SelectOp>(take, x, best[0]),
                      at.make<arith::SelectOp>(take, here, best[1]),
                      at.make<arith::OrIOp>(best[2], take)};
      });
}

// Selecting the next one again and again needs no memory for the best so far.
void scalar::emitTopK(Invocation &at, Value id) {
  at.placeParallel(id);
  int64_t k = cast<IntegerAttr>(at.op.getRootParam("k")).getInt();
  bool smaller = bool(at.op.getRootParam("smallest"));
  Type type =
      at.op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  if (k == 0)
    return;
  Value zero = makeConstant(at.b, at.loc, type, 0);
  at.loop(k, {zero, asInteger(at, at.constant(0))},
          [&](Value i, ValueRange taken) {
            Value start = at.make<arith::CmpIOp>(arith::CmpIPredicate::eq, i,
                                                 at.constant(0));
            Values next = nextBest(at, smaller, start, taken[0], taken[1]);
            next.pop_back();
            at.reset(at.reduction());
            at.index[at.rank()] = i;
            at.epilogue(next);
            return next;
          });
}

// One invocation: later updates of an element must come after earlier ones.
void scalar::emitScatter(Invocation &at) {
  auto kind = cast<ScatterKindAttr>(at.op.getRootParam("combiner"));
  bool isUnsigned = at.nest.stores[0].element.isUnsignedInteger();
  auto dims = llvm::to_vector(llvm::seq<unsigned>(0, at.rank()));
  at.loop(dims, {}, [&](ValueRange) {
    at.epilogue({}, [&](Value old, Value update) {
      return emitScattered(at.b, at.loc, kind.getValue(), old, update,
                           isUnsigned);
    });
    return Values();
  });
}
