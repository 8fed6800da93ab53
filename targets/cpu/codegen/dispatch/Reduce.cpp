// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/dispatch/Rows.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

FailureOr<KernelInfo> cpu::emitReduce(KernelBuilder &kb) {
  FailureOr<LoopPlan> plan = makeLoopPlan(kb, /*reduces=*/true);
  if (failed(plan))
    return failure();
  bool contract = kb.op.getKind() == RootKind::Contract;
  Accumulator accumulator{
      Combiner::Sum,
      kb.op.getPrologueBlock().getTerminator()->getOperand(0).getType(),
      contract};
  if (auto kind = dyn_cast_if_present<ReduceKindAttr>(
          kb.op.getRootParam("combiner")))
    accumulator.combiner = combinerOf(kind.getValue());
  Rows rows(kb, *plan);
  rows.forEach([&] {
    SmallVector<Value> result = rows.reduce(
        accumulator,
        [&](Point &point, Value, unsigned lanes, ValueRange running) {
          SmallVector<Value> operands = point.prologue();
          if (contract)
            operands = {emitMultiplyAdd(
                kb.b, kb.loc, toLanes(kb.b, kb.loc, operands[0], lanes),
                toLanes(kb.b, kb.loc, operands[1], lanes), running[0])};
          return operands;
        });
    rows.rowPoint().epilogue(result);
  });
  double points =
      double(plan->nest.parallelPoints()) * plan->nest.reductionPoints();
  return kb.finish(rows.tiles().count, points * (contract ? 2 : 1));
}
