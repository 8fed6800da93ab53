// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Recurrent.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The peephole of gate `gate` (input, output, forget) times the cell; null
/// without peepholes.
static Value peephole(Node &node, unsigned direction, int64_t gate,
                      int64_t hidden, Value cell) {
  if (!node.hasInput(7))
    return {};
  Value p = sliceAxis(node, node.input(7), 0, direction, 1);
  p = reshape(node, sliceAxis(node, p, 1, gate * hidden, hidden), {hidden});
  return binary(node, BinaryKind::Mul, p, cell);
}

/// Gates in the order i (input), o (output), f (forget), c (cell).
static LogicalResult importLSTM(Node &node) {
  bool couples = node.intAttr("input_forget", 0);
  Recurrence lstm(node, 4, {"sigmoid", "tanh", "tanh"}, {5, 6});
  if (failed(lstm.read()))
    return failure();
  return lstm.run([&](unsigned direction, Value x,
                      const Recurrence::State &state) -> Recurrence::State {
    Value cell = state[1];
    x = lstm.add(x, node.create<MatMulOp>(state[0],
                                          lstm.recurrent(direction)));
    if (Value b = lstm.bias(direction, 1))
      x = lstm.add(x, b);
    auto gate = [&](int64_t gate, Value seen) {
      Value in = lstm.gate(x, gate);
      if (Value p = peephole(node, direction, gate, lstm.hiddenSize(), seen))
        in = lstm.add(in, p);
      return lstm.activate(direction, 0, in);
    };
    Value i = gate(0, cell);
    Value f = couples
                  ? binary(node, BinaryKind::Sub, scalarLike(node, i, 1), i)
                  : gate(2, cell);
    Value c = lstm.activate(direction, 1, lstm.gate(x, 3));
    cell = lstm.add(lstm.mul(f, cell), lstm.mul(i, c));
    Value o = gate(1, cell);
    // The clipping is of the gates; the engines leave the cell as it is.
    return {lstm.mul(o, lstm.activateWide(direction, 2, cell)), cell};
  });
}

VISIR_ONNX_OP(LSTM, 7, 3, importLSTM)
