// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/GridSampler.h"

#include "targets/cpu/codegen/dispatch/Emitters.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

FailureOr<KernelInfo> cpu::emitGridSample(KernelBuilder &kb) {
  // The coordinates' dimension stays apart: no joining of dimensions.
  FailureOr<Nest> nest = buildNest(kb.op);
  FailureOr<LoopConfig> config = readLoopConfig(kb.op);
  if (failed(nest) || failed(config))
    return failure();
  unsigned depth = nest->parallelRank();
  TileSplit tiles =
      planTiles(*nest, depth, 1, std::min<int64_t>(config->tilePoints, 256));
  SmallVector<Value> index(nest->dims.size());
  Type element = nest->loads[0].element;
  bool right = true;
  emitTiles(kb, *nest, tiles, depth, index, [&](Value, Value) {
    auto grid = [&](unsigned i) {
      index[depth] = kb.index(i);
      return Point(kb, *nest, index).load(1);
    };
    auto input = [&](Value offset) {
      Value value = memref::LoadOp::create(kb.b, kb.loc, kb.input(0),
                                           ValueRange{offset});
      return fromMemory(kb.b, kb.loc, value, element);
    };
    index[depth] = kb.index(0);
    Value base = emitLinear(kb.b, kb.loc, nest->loads[0].address, index);
    FailureOr<Value> value = visir::emitGridSample(
        kb.b, kb.op, kb.spec.math(), {grid, input, base});
    right = succeeded(value);
    if (!right)
      return;
    index[depth] = kb.index(0);
    Point(kb, *nest, index).epilogue(*value);
  });
  if (!right)
    return failure();
  return kb.finish(tiles.count, 20.0 * nest->parallelPoints());
}
