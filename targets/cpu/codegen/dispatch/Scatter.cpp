// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/Combine.h"
#include "targets/cpu/codegen/dispatch/Emitters.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

// One tile: later updates of an element must come after earlier ones.
FailureOr<KernelInfo> cpu::emitScatter(KernelBuilder &kb) {
  FailureOr<LoopPlan> plan = makeLoopPlan(kb, /*reduces=*/false);
  if (failed(plan))
    return failure();
  const Nest &nest = plan->nest;
  auto kindAttr = cast<ScatterKindAttr>(kb.op.getRootParam("combiner"));
  bool isUnsigned = nest.stores[0].element.isUnsignedInteger();
  unsigned dim = plan->laneDim();
  SmallVector<Value> index(nest.dims.size());
  emitTiles(kb, nest, TileSplit{0, nest.dims[0].extent, 1}, dim, index,
            [&](Value low, Value high) {
              emitLanes(kb, nest, dim, low, high, plan->config.lanes,
                        [&](const Piece &piece) {
                          index[dim] = piece.start;
                          Point point(kb, nest, index, piece.lanes);
                          point.epilogue({}, [&](Value old, Value update) {
                            return emitScattered(kb.b, kb.loc,
                                                 kindAttr.getValue(), old,
                                                 update, isUnsigned);
                          });
                        });
            });
  return kb.finish(1, double(nest.parallelPoints()));
}
