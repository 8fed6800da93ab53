// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/dispatch/Transpose.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

FailureOr<LoopPlan> cpu::makeLoopPlan(KernelBuilder &kb, bool reduces) {
  FailureOr<Nest> nest = buildNest(kb.op);
  FailureOr<LoopConfig> config = readLoopConfig(kb.op);
  if (failed(nest) || failed(config))
    return failure();
  permute(*nest, config->order);
  auto addDim = [&](unsigned at, bool reduction) {
    auto widen = [&](LinearExpr &expr) {
      expr.factors.insert(expr.factors.begin() + at, 0);
    };
    nest->dims.insert(nest->dims.begin() + at, {1, reduction});
    forEachExpr(*nest, widen);
  };
  if (nest->parallelRank() == 0)
    addDim(0, false);
  if (reduces && nest->parallelRank() == nest->dims.size())
    addDim(nest->dims.size(), true);
  collapse(*nest);
  return LoopPlan{std::move(*nest), std::move(*config)};
}

/// A function of math stands for about this many arithmetic ops.
static constexpr double kMathOps = 10;

double cpu::payloadOps(DispatchOp op) {
  double ops = 0;
  for (Block *block : {&op.getPrologueBlock(), &op.getEpilogueBlock()})
    for (Operation &payloadOp : block->without_terminator())
      if (isa<math::MathDialect>(payloadOp.getDialect()))
        ops += kMathOps;
      else
        ops += !payloadOp.hasTrait<OpTrait::ConstantLike>();
  return ops;
}

FailureOr<KernelInfo> cpu::emitMap(KernelBuilder &kb) {
  FailureOr<LoopPlan> plan = makeLoopPlan(kb, /*reduces=*/false);
  if (failed(plan))
    return failure();
  if (plan->config.transposes)
    return emitTransposedMap(kb, *plan);
  const Nest &nest = plan->nest;
  unsigned lanes = plan->config.lanes, dim = plan->laneDim();
  TileSplit tiles =
      planTiles(nest, dim + 1, 1, plan->config.tilePoints, std::max(lanes, 1u));
  SmallVector<Value> index(nest.dims.size());
  emitTiles(kb, nest, tiles, dim, index, [&](Value low, Value high) {
    emitLanes(kb, nest, dim, low, high, lanes, [&](const Piece &piece) {
      index[dim] = piece.start;
      Point(kb, nest, index, piece.lanes).epilogue({});
    });
  });
  return kb.finish(tiles.count, payloadOps(kb.op) * nest.parallelPoints());
}
