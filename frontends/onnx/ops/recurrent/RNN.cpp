// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Recurrent.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// h = f(x W^T + h R^T + Wb + Rb)
static LogicalResult importRNN(Node &node) {
  Recurrence rnn(node, 1, {"tanh"}, {5});
  if (failed(rnn.read()))
    return failure();
  return rnn.run([&](unsigned direction, Value x,
                     const Recurrence::State &state) -> Recurrence::State {
    x = rnn.add(x, node.create<MatMulOp>(state[0], rnn.recurrent(direction)));
    if (Value b = rnn.bias(direction, 1))
      x = rnn.add(x, b);
    return {rnn.activate(direction, 0, x)};
  });
}

VISIR_ONNX_OP(RNN, 7, 3, importRNN)
