// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Peaks of heatmaps, one map per invocation.
#include "targets/common/scalar/Heatmap.h"

#include "targets/common/Combine.h"
#include "targets/common/HeatmapDecoder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace visir;
using namespace visir::scalar;

using Values = Invocation::Values;

void scalar::emitHeatmapDecode(Invocation &at, Value id) {
  at.placeParallel(id);
  unsigned row = at.parallelRank(), column = row + 1;
  // The first element stands until a larger one comes.
  at.reset(at.reduction());
  Value first = at.operand(0), zero = at.constant(0);
  Values best =
      at.loop(at.reduction(), {first, zero, zero}, [&](ValueRange running) {
        Value x = at.operand(0);
        Value better = emitIsBetter(at.b, at.loc, x, running[0],
                                    /*smaller=*/false);
        auto pick = [&](Value here, Value before) -> Value {
          return at.make<arith::SelectOp>(better, here, before);
        };
        return Values{pick(x, running[0]), pick(at.index[row], running[1]),
                      pick(at.index[column], running[2])};
      });
  auto value = [&](Value atRow, Value atColumn) {
    at.index[row] = atRow;
    at.index[column] = atColumn;
    return at.operand(1);
  };
  HeatmapPeak peak{best[2], best[1], value, first.getType()};
  auto [x, y] = emitHeatmapPeak(at.b, at.op, peak);
  at.reset(at.reduction());
  at.epilogue({x, y, best[0]});
}
