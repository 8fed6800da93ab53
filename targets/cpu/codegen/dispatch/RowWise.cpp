// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax and norm: statistics over a row that stays in scratch, then a value
// for each of its points.
#include "targets/cpu/codegen/dispatch/Rows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

namespace {

struct RowWise {
  KernelBuilder &kb;
  Rows &rows;
  Type element;
  Value scratch;

  Value splat(Value value, unsigned lanes) {
    return toLanes(kb.b, kb.loc, value, lanes);
  }
  template <typename Op> Value binary(Value a, Value b, unsigned lanes) {
    return Op::create(kb.b, kb.loc, splat(a, lanes), splat(b, lanes));
  }
  Value constant(double value, unsigned lanes) {
    return makeConstant(kb.b, kb.loc, vectorOrScalar(element, lanes), value);
  }

  /// Puts the row into scratch; combines its values with `accumulator`.
  Value fetch(Accumulator accumulator,
              function_ref<Value(Value x, Value running)> term) {
    return rows.reduce(accumulator, [&](Point &point, Value position,
                                        unsigned lanes, ValueRange running) {
      Value x = splat(point.prologue()[0], lanes);
      rows.storeRow(scratch, position, x, lanes);
      return SmallVector<Value>{term(x, running[0])};
    })[0];
  }

  void softmax(bool log);
  void norm(double epsilon, bool rms);
};

} // namespace

void RowWise::softmax(bool log) {
  // A NaN that this maximum passes over still makes its row's sum NaN.
  Accumulator largest{Combiner::Max, element, /*fused=*/true};
  Value max = fetch(largest, [&](Value x, Value running) {
    Value greater = arith::CmpFOp::create(
        kb.b, kb.loc, arith::CmpFPredicate::OGT, x, running);
    return arith::SelectOp::create(kb.b, kb.loc, greater, x, running);
  });
  Value sum = rows.reduce(
      Accumulator{Combiner::Sum, element},
      [&](Point &, Value position, unsigned lanes, ValueRange) {
        Value x = rows.loadRow(scratch, position, lanes);
        Value shifted = binary<arith::SubFOp>(x, max, lanes);
        Value power = math::ExpOp::create(kb.b, kb.loc, shifted);
        rows.storeRow(scratch, position, log ? shifted : power, lanes);
        return SmallVector<Value>{power};
      })[0];
  unsigned lanes = rows.rowLanes();
  Value factor = log ? Value(math::LogOp::create(kb.b, kb.loc, sum))
                     : binary<arith::DivFOp>(constant(1, lanes), sum, lanes);
  rows.visit([&](Point &point, Value position, unsigned lanes) {
    Value x = rows.loadRow(scratch, position, lanes);
    point.epilogue(log ? binary<arith::SubFOp>(x, factor, lanes)
                       : binary<arith::MulFOp>(x, factor, lanes));
  });
}

void RowWise::norm(double epsilon, bool rms) {
  unsigned lanes = rows.rowLanes();
  auto mean = [&](Value sum) {
    return binary<arith::MulFOp>(sum, constant(1.0 / rows.length(), lanes),
                                 lanes);
  };
  Value center, power;
  if (rms) {
    power = mean(fetch({Combiner::Sum, element}, [&](Value x, Value) {
      return arith::MulFOp::create(kb.b, kb.loc, x, x);
    }));
  } else {
    center = mean(fetch({Combiner::Sum, element},
                        [](Value x, Value) { return x; }));
    // Two passes: the difference of large sums would lose the variance.
    power = mean(rows.reduce(
        Accumulator{Combiner::Sum, element},
        [&](Point &, Value position, unsigned n, ValueRange) {
          Value x = rows.loadRow(scratch, position, n);
          Value d = binary<arith::SubFOp>(x, center, n);
          rows.storeRow(scratch, position, d, n);
          return SmallVector<Value>{binary<arith::MulFOp>(d, d, n)};
        })[0]);
  }
  Value deviation = math::SqrtOp::create(
      kb.b, kb.loc,
      binary<arith::AddFOp>(power, constant(epsilon, lanes), lanes));
  Value factor =
      binary<arith::DivFOp>(constant(1, lanes), deviation, lanes);
  rows.visit([&](Point &point, Value position, unsigned n) {
    Value x = rows.loadRow(scratch, position, n);
    point.epilogue(binary<arith::MulFOp>(x, factor, n));
  });
}

FailureOr<KernelInfo> cpu::emitRowWise(KernelBuilder &kb) {
  FailureOr<LoopPlan> plan = makeLoopPlan(kb, /*reduces=*/true);
  if (failed(plan))
    return failure();
  Rows rows(kb, *plan);
  Type element =
      kb.op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  RowWise emitter{kb, rows, element, rows.rowScratch(element)};
  rows.forEach([&] {
    if (kb.op.getKind() == RootKind::Softmax)
      return emitter.softmax(bool(kb.op.getRootParam("log")));
    auto epsilon = cast<FloatAttr>(kb.op.getRootParam("epsilon"));
    emitter.norm(epsilon.getValueAsDouble(), bool(kb.op.getRootParam("rms")));
  });
  double points =
      double(plan->nest.parallelPoints()) * plan->nest.reductionPoints();
  return kb.finish(rows.tiles().count, points * 4);
}
