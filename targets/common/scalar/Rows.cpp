// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Roots that go over a row in any order: map, reduce, contract, softmax and
// norm. A row that is needed again is computed again: there is no scratch.
#include "targets/common/Combine.h"
#include "targets/common/Payload.h"
#include "targets/common/scalar/Row.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::scalar;

using Values = Invocation::Values;

void scalar::emitMap(Invocation &at, Value id) {
  at.placeParallel(id);
  at.epilogue({});
}

/// The type of the root's first operand.
static Type operandType(DispatchOp op) {
  return op.getPrologueBlock().getTerminator()->getOperand(0).getType();
}

void scalar::emitReduce(Invocation &at, Row &row) {
  Combiner combiner = Combiner::Sum;
  if (auto kind = dyn_cast_if_present<ReduceKindAttr>(
          at.op.getRootParam("combiner")))
    combiner = combinerOf(kind.getValue());
  bool contract = at.op.getKind() == RootKind::Contract;
  Value result = emitIdentity(at.b, at.loc, combiner, operandType(at.op));
  auto combine = [&](Value x, Value y) {
    return emitCombine(at.b, at.loc, combiner, x, y);
  };
  auto step = [&](Value running) {
    Values x = at.prologue();
    return contract ? emitMultiplyAdd(at.b, at.loc, x[0], x[1], running)
                    : combine(running, x[0]);
  };
  if (!at.reducesNothing())
    result = row.fold(result, step, combine);
  row.once([&] { at.epilogue(result); });
}

/// The sum of `term` over the row.
static Value sumOver(Invocation &at, Row &row,
                     function_ref<Value(Value x)> term) {
  Value zero = makeConstant(at.b, at.loc, operandType(at.op), 0);
  auto add = [&](Value x, Value y) -> Value {
    return at.make<arith::AddFOp>(x, y);
  };
  return row.fold(
      zero,
      [&](Value running) { return add(running, term(at.prologue()[0])); },
      add);
}

/// Runs the epilogue with `value` of each of the row's points.
static void storeRow(Invocation &at, Row &row,
                     function_ref<Value(Value x)> value) {
  row.each([&] { at.epilogue(value(at.prologue()[0])); });
}

void scalar::emitSoftmax(Invocation &at, Row &row) {
  if (at.reducesNothing())
    return;
  Type type = operandType(at.op);
  bool log = bool(at.op.getRootParam("log"));
  // A NaN that this maximum passes over still makes its row's sum NaN.
  Value lowest = makeConstant(at.b, at.loc, type,
                              -std::numeric_limits<double>::infinity());
  auto larger = [&](Value x, Value y) -> Value {
    Value greater = at.make<arith::CmpFOp>(arith::CmpFPredicate::OGT, y, x);
    return at.make<arith::SelectOp>(greater, y, x);
  };
  Value max = row.fold(
      lowest,
      [&](Value running) { return larger(running, at.prologue()[0]); },
      larger);
  auto power = [&](Value x) {
    return at.make<math::ExpOp>(at.make<arith::SubFOp>(x, max));
  };
  Value sum = sumOver(at, row, power);
  if (log) {
    Value logarithm = at.make<math::LogOp>(sum);
    return storeRow(at, row, [&](Value x) {
      return at.make<arith::SubFOp>(at.make<arith::SubFOp>(x, max),
                                    logarithm);
    });
  }
  Value factor =
      at.make<arith::DivFOp>(makeConstant(at.b, at.loc, type, 1), sum);
  storeRow(at, row, [&](Value x) {
    return at.make<arith::MulFOp>(power(x), factor);
  });
}

void scalar::emitNorm(Invocation &at, Row &row) {
  if (at.reducesNothing())
    return;
  Type type = operandType(at.op);
  bool rms = bool(at.op.getRootParam("rms"));
  double epsilon =
      cast<FloatAttr>(at.op.getRootParam("epsilon")).getValueAsDouble();
  auto number = [&](double value) {
    return makeConstant(at.b, at.loc, type, value);
  };
  Value portion = number(1.0 / at.nest.reductionPoints()), mean;
  if (!rms)
    mean = at.make<arith::MulFOp>(
        sumOver(at, row, [](Value x) { return x; }), portion);
  auto centred = [&](Value x) {
    return mean ? at.make<arith::SubFOp>(x, mean) : x;
  };
  // Two passes: the difference of large sums would lose the variance.
  Value power = sumOver(at, row, [&](Value x) {
    Value d = centred(x);
    return at.make<arith::MulFOp>(d, d);
  });
  power = at.make<arith::AddFOp>(at.make<arith::MulFOp>(power, portion),
                                 number(epsilon));
  Value factor =
      at.make<arith::DivFOp>(number(1), at.make<math::SqrtOp>(power));
  storeRow(at, row, [&](Value x) {
    return at.make<arith::MulFOp>(centred(x), factor);
  });
}
