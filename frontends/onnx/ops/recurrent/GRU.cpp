// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Recurrent.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Gates in the order z (update), r (reset), h (hidden).
static LogicalResult importGRU(Node &node) {
  bool resetsLast = node.intAttr("linear_before_reset", 0);
  Recurrence gru(node, 3, {"sigmoid", "tanh"}, {5});
  if (failed(gru.read()))
    return failure();
  return gru.run([&](unsigned direction, Value x,
                     const Recurrence::State &state) -> Recurrence::State {
    Value h = state[0], rb = gru.bias(direction, 1);
    auto product = [&](Value left, int64_t gate) {
      Value result =
          node.create<MatMulOp>(left, gru.recurrent(direction, gate));
      return rb ? gru.add(result, gru.gate(rb, gate)) : result;
    };
    Value z = gru.activate(direction, 0,
                           gru.add(gru.gate(x, 0), product(h, 0)));
    Value r = gru.activate(direction, 0,
                           gru.add(gru.gate(x, 1), product(h, 1)));
    Value hidden = resetsLast ? gru.mul(r, product(h, 2))
                              : product(gru.mul(r, h), 2);
    hidden = gru.activate(direction, 1, gru.add(gru.gate(x, 2), hidden));
    // (1 - z) * hidden + z * h
    Value rest = binary(node, BinaryKind::Sub, scalarLike(node, z, 1), z);
    return {gru.add(gru.mul(rest, hidden), gru.mul(z, h))};
  });
}

VISIR_ONNX_OP(GRU, 7, 3, importGRU)
