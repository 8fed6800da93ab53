// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What LSTM, GRU and RNN share. The recurrence is unrolled; the products of
// all inputs with the weights are one matrix product per direction.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_RECURRENT_H
#define VISIR_FRONTENDS_ONNX_IMPORT_RECURRENT_H

#include "frontends/onnx/import/Helpers.h"

#include <functional>

namespace visir::onnx {

/// An activation of a recurrent operator with its parameters.
struct Activation {
  std::string name;
  double alpha = 0, beta = 0;
};

class Recurrence {
public:
  /// `gates` matrices are stacked in W and R; `defaults` are the activations
  /// of one direction; `initial[i]` is the input with the initial value of
  /// state i (state 0 is the hidden one).
  Recurrence(Node &node, int64_t gates, ArrayRef<StringRef> defaults,
             ArrayRef<unsigned> initial);

  /// Reads what the operators have in common; the node is refused when it
  /// fails.
  LogicalResult read();

  /// One step: `gates`, B x (gates * hidden), are the products of the input
  /// with the biases of W added; gives the new state.
  using State = SmallVector<Value>;
  using Step = std::function<State(unsigned direction, Value gates,
                                   const State &state)>;
  /// Runs all steps of all directions and sets the outputs: 0 is the
  /// sequence of hidden states, 1 + i the last state i.
  LogicalResult run(const Step &step);

  /// R of a direction, transposed: hidden x (gates * hidden), or one gate.
  Value recurrent(unsigned direction);
  Value recurrent(unsigned direction, int64_t gate);
  /// The bias of W (`half` 0) or R (1) of all gates; null without biases.
  Value bias(unsigned direction, int64_t half);
  /// Columns of gate `gate`.
  Value gate(Value gates, int64_t gate);
  /// Activation `i` of a direction, of the clipped argument.
  Value activate(unsigned direction, unsigned i, Value x);
  /// The same without the clipping.
  Value activateWide(unsigned direction, unsigned i, Value x);
  Value add(Value a, Value b) {
    return binary(node, BinaryKind::Add, a, b);
  }
  Value mul(Value a, Value b) {
    return binary(node, BinaryKind::Mul, a, b);
  }
  int64_t hiddenSize() const { return hidden; }

private:
  LogicalResult readActivations();
  Value projected(unsigned direction);
  Value initialState(unsigned direction, unsigned i);
  /// B x 1: whether step `t` is inside of each sequence; null if all are.
  Value isInside(int64_t t);
  struct Result {
    Value sequence; ///< steps x 1 x B x hidden
    State last;
  };
  Result runDirection(unsigned direction, const Step &step);

  Node &node;
  int64_t gates, steps = 0, batch = 0, inputSize = 0, hidden = 0;
  unsigned directions = 1;
  bool batchFirst = false, startsReversed = false, allFull = true;
  SmallVector<StringRef> defaults;
  SmallVector<unsigned> initial;
  SmallVector<Activation> activations;
  std::optional<double> clip;
};

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_RECURRENT_H
