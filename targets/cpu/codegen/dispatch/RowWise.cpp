// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Softmax and norm: statistics over a row that stays in scratch, or a short
// one in registers, then a value for each of its points.
#include "targets/cpu/codegen/dispatch/Rows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

namespace {

struct RowWise {
  KernelBuilder &kb;
  Rows &rows;
  Type element;
  Value scratch; ///< null for norms of rows in registers

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
  void normInRegisters(unsigned count, double epsilon, bool rms);

  Value mean(Value sum) {
    unsigned lanes = lanesOf(sum);
    return binary<arith::MulFOp>(sum, constant(1.0 / rows.length(), lanes),
                                 lanes);
  }
  /// What differences from the center are multiplied by.
  Value factorOf(Value power, double epsilon) {
    unsigned lanes = lanesOf(power);
    Value deviation = math::SqrtOp::create(
        kb.b, kb.loc,
        binary<arith::AddFOp>(power, constant(epsilon, lanes), lanes));
    return binary<arith::DivFOp>(constant(1, lanes), deviation, lanes);
  }
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
  Value factor = factorOf(power, epsilon);
  rows.visit([&](Point &point, Value position, unsigned n) {
    Value x = rows.loadRow(scratch, position, n);
    point.epilogue(binary<arith::MulFOp>(x, factor, n));
  });
}

/// `count` rows at a time, whose lanes are added up together.
void RowWise::normInRegisters(unsigned count, double epsilon, bool rms) {
  Accumulator sum{Combiner::Sum, element};
  std::vector<std::vector<Rows::Part>> parts;
  SmallVector<SmallVector<Value>> values(count);
  for (unsigned row = 0; row < count; ++row) {
    parts.push_back(rows.parts(row));
    for (Rows::Part &part : parts[row])
      values[row].push_back(splat(part.point.prologue()[0], part.lanes.count));
  }
  // The mean of each row's `terms`, as the function below gives it back.
  auto means = [&](function_ref<Value(Value)> term) {
    SmallVector<Value> sums;
    for (unsigned row = 0; row < count; ++row)
      sums.push_back(rows.combineParts(
          sum, parts[row],
          llvm::map_to_vector(values[row], [&](Value x) { return term(x); })));
    return mean(rows.combineLanes(sum, sums));
  };
  auto ofRow = [&](Value all, unsigned row) -> Value {
    return count == 1 ? all
                      : Value(vector::ExtractOp::create(kb.b, kb.loc, all,
                                                        int64_t(row)));
  };
  if (!rms) {
    Value centers = means([](Value x) { return x; });
    for (unsigned row = 0; row < count; ++row)
      for (auto [value, part] : llvm::zip_equal(values[row], parts[row]))
        value = binary<arith::SubFOp>(value, ofRow(centers, row),
                                      part.lanes.count);
  }
  Value factors = factorOf(means([&](Value x) -> Value {
                             return arith::MulFOp::create(kb.b, kb.loc, x, x);
                           }),
                           epsilon);
  for (unsigned row = 0; row < count; ++row)
    for (auto [value, part] : llvm::zip_equal(values[row], parts[row]))
      part.point.epilogue(binary<arith::MulFOp>(value, ofRow(factors, row),
                                                part.lanes.count));
}

FailureOr<KernelInfo> cpu::emitRowWise(KernelBuilder &kb) {
  FailureOr<LoopPlan> plan = makeLoopPlan(kb, /*reduces=*/true);
  if (failed(plan))
    return failure();
  Rows rows(kb, *plan);
  Type element =
      kb.op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  bool isNorm = kb.op.getKind() == RootKind::Norm;
  bool inRegisters = isNorm && rows.rowsInRegisters() > 0;
  RowWise emitter{kb, rows, element,
                  inRegisters ? Value() : rows.rowScratch(element)};
  auto norm = [&](unsigned count) {
    double epsilon =
        cast<FloatAttr>(kb.op.getRootParam("epsilon")).getValueAsDouble();
    bool rms = bool(kb.op.getRootParam("rms"));
    if (inRegisters)
      return emitter.normInRegisters(count, epsilon, rms);
    emitter.norm(epsilon, rms);
  };
  if (inRegisters)
    rows.forEachBlock(norm);
  else
    rows.forEach([&] {
      if (isNorm)
        return norm(1);
      emitter.softmax(bool(kb.op.getRootParam("log")));
    });
  double points =
      double(plan->nest.parallelPoints()) * plan->nest.reductionPoints();
  return kb.finish(rows.tiles().count, points * 4);
}
