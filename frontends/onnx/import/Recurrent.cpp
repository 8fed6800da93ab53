// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Recurrent.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Each step becomes ops of its own, so there is a limit.
static constexpr int64_t kMostSteps = 1024;

Recurrence::Recurrence(Node &node, int64_t gates, ArrayRef<StringRef> defaults,
                       ArrayRef<unsigned> initial)
    : node(node), gates(gates), defaults(defaults), initial(initial) {}

namespace {
/// Default parameters of an activation; NaN where it has none.
struct Parameters {
  StringRef name;
  double alpha, beta;
};
} // namespace

static std::optional<Parameters> parametersOf(StringRef name) {
  double none = std::numeric_limits<double>::quiet_NaN();
  static const Parameters table[] = {
      {"relu", none, none},      {"tanh", none, none},
      {"sigmoid", none, none},   {"softsign", none, none},
      {"softplus", none, none},  {"affine", 1, 0},
      {"leakyrelu", 0.01, none}, {"thresholdedrelu", 1, none},
      {"scaledtanh", 1, 1},      {"hardsigmoid", 0.2, 0.5},
      {"elu", 1, none}};
  for (const Parameters &entry : table)
    if (entry.name == name)
      return entry;
  return std::nullopt;
}

/// Parameters are listed for those activations only that have them.
LogicalResult Recurrence::readActivations() {
  SmallVector<std::string> names;
  for (const std::string &name : node.stringsAttr("activations"))
    names.push_back(StringRef(name).lower());
  if (names.empty())
    for (unsigned i = 0; i < directions; ++i)
      for (StringRef name : defaults)
        names.push_back(name.str());
  if (names.size() != directions * defaults.size())
    return node.refuse("number of activations", Twine(names.size()),
                       Twine(directions * defaults.size()));
  SmallVector<double> alphas = node.floatsAttr("activation_alpha");
  SmallVector<double> betas = node.floatsAttr("activation_beta");
  size_t nextAlpha = 0, nextBeta = 0;
  for (const std::string &name : names) {
    std::optional<Parameters> known = parametersOf(name);
    if (!known)
      return node.refuse("an activation", name,
                         "one of the operator's specification");
    Activation result{name, known->alpha, known->beta};
    if (!std::isnan(known->alpha) && nextAlpha < alphas.size())
      result.alpha = alphas[nextAlpha++];
    if (!std::isnan(known->beta) && nextBeta < betas.size())
      result.beta = betas[nextBeta++];
    activations.push_back(result);
  }
  return success();
}

LogicalResult Recurrence::read() {
  std::string direction = node.stringAttr("direction", "forward");
  if (direction != "forward" && direction != "reverse" &&
      direction != "bidirectional")
    return node.refuse("direction", direction,
                       "forward, reverse or bidirectional");
  directions = direction == "bidirectional" ? 2 : 1;
  startsReversed = direction == "reverse";
  batchFirst = node.opset() >= 14 && node.intAttr("layout", 0);
  if (node.hasAttr("clip"))
    clip = node.floatAttr("clip", 0);
  if (node.rank(0) != 3 || node.rank(1) != 3 || node.rank(2) != 3)
    return node.refuse("X, W and R must have three dimensions");
  steps = node.shape(0)[batchFirst ? 1 : 0];
  batch = node.shape(0)[batchFirst ? 0 : 1];
  inputSize = node.shape(0)[2];
  hidden = node.intAttr("hidden_size", node.shape(2)[2]);
  if (steps < 1 || steps > kMostSteps)
    return node.refuse("number of steps", Twine(steps),
                       "1 to " + Twine(kMostSteps) + ", as it is unrolled");
  Shape weight{directions, gates * hidden, inputSize};
  Shape recurrence{directions, gates * hidden, hidden};
  if (node.shape(1) != ArrayRef<int64_t>(weight))
    return node.refuse("shape of W", shapeName(node.shape(1)),
                       shapeName(weight));
  if (node.shape(2) != ArrayRef<int64_t>(recurrence))
    return node.refuse("shape of R", shapeName(node.shape(2)),
                       shapeName(recurrence));
  if (std::optional<SmallVector<int64_t>> lengths = node.constantInts(4))
    allFull = llvm::all_of(*lengths, [&](int64_t n) { return n >= steps; });
  else
    allFull = !node.hasInput(4);
  return readActivations();
}

Value Recurrence::recurrent(unsigned direction) {
  Value r = sliceAxis(node, node.input(2), 0, direction, 1);
  return transpose(node, reshape(node, r, {gates * hidden, hidden}), {1, 0});
}

Value Recurrence::recurrent(unsigned direction, int64_t gate) {
  Value r = sliceAxis(node, node.input(2), 0, direction, 1);
  r = sliceAxis(node, reshape(node, r, {gates * hidden, hidden}), 0,
                gate * hidden, hidden);
  return transpose(node, r, {1, 0});
}

Value Recurrence::bias(unsigned direction, int64_t half) {
  if (!node.hasInput(3))
    return {};
  Value b = sliceAxis(node, node.input(3), 0, direction, 1);
  b = sliceAxis(node, b, 1, half * gates * hidden, gates * hidden);
  return reshape(node, b, {gates * hidden});
}

Value Recurrence::gate(Value gates, int64_t gate) {
  if (!gates)
    return gates;
  int64_t last = int64_t(shapeOf(gates).size()) - 1;
  return sliceAxis(node, gates, last, gate * hidden, hidden);
}

Value Recurrence::activate(unsigned direction, unsigned i, Value x) {
  if (clip) {
    x = binary(node, BinaryKind::Min, x, scalarLike(node, x, *clip));
    x = binary(node, BinaryKind::Max, x, scalarLike(node, x, -*clip));
  }
  return activateWide(direction, i, x);
}

Value Recurrence::activateWide(unsigned direction, unsigned i, Value x) {
  const Activation &f = activations[direction * defaults.size() + i];
  auto constant = [&](double value) { return scalarLike(node, x, value); };
  if (!x)
    return x;
  if (f.name == "affine")
    return add(mul(constant(f.alpha), x), constant(f.beta));
  if (f.name == "scaledtanh")
    return mul(constant(f.alpha),
               unary(node, UnaryKind::Tanh, mul(constant(f.beta), x)));
  if (f.name == "leakyrelu")
    return unary(node, UnaryKind::LeakyRelu, x, {f.alpha});
  if (f.name == "thresholdedrelu")
    return unary(node, UnaryKind::ThresholdedRelu, x, {f.alpha});
  if (f.name == "elu")
    return unary(node, UnaryKind::Elu, x, {f.alpha});
  if (f.name == "hardsigmoid")
    return unary(node, UnaryKind::HardSigmoid, x, {f.alpha, f.beta});
  return unary(node, *symbolizeUnaryKind(f.name), x);
}

/// steps x B x (gates * hidden): X W^T with the bias of W.
Value Recurrence::projected(unsigned direction) {
  Value x = node.input(0);
  if (batchFirst)
    x = transpose(node, x, {1, 0, 2});
  x = reshape(node, x, {steps * batch, inputSize});
  Value w = sliceAxis(node, node.input(1), 0, direction, 1);
  w = transpose(node, reshape(node, w, {gates * hidden, inputSize}), {1, 0});
  Value product = node.create<MatMulOp>(x, w);
  if (Value b = bias(direction, 0))
    product = add(product, b);
  return reshape(node, product, {steps, batch, gates * hidden});
}

Value Recurrence::initialState(unsigned direction, unsigned i) {
  if (!node.hasInput(initial[i]))
    return filled(node, {batch, hidden}, node.elementType(0), 0);
  Value state =
      sliceAxis(node, node.input(initial[i]), batchFirst, direction, 1);
  return reshape(node, state, {batch, hidden});
}

Value Recurrence::isInside(int64_t t) {
  if (allFull)
    return {};
  Value lengths =
      reshape(node, cast(node, node.input(4), si64(node)), {batch, 1});
  return compare(node, CompareKind::Less, scalar(node, si64(node), t),
                 lengths);
}

Recurrence::Result Recurrence::runDirection(unsigned direction,
                                            const Step &step) {
  Value x = projected(direction);
  bool reversed = startsReversed || direction == 1;
  State state;
  for (unsigned i = 0; i < initial.size(); ++i)
    state.push_back(initialState(direction, i));
  SmallVector<Value> outputs(steps);
  for (int64_t n = 0; n < steps && !node.refused(); ++n) {
    int64_t t = reversed ? steps - 1 - n : n;
    Value gates = reshape(node, sliceAxis(node, x, 0, t, 1),
                          {batch, this->gates * hidden});
    State next = step(direction, gates, state);
    Value shown = next[0];
    if (Value inside = isInside(t)) {
      for (auto [now, before] : llvm::zip_equal(next, state))
        now = select(node, inside, now, before);
      shown = select(node, inside, shown, scalarLike(node, shown, 0));
    }
    outputs[t] = reshape(node, shown, {1, 1, batch, hidden});
    state = next;
  }
  return {concat(node, outputs, 0), state};
}

LogicalResult Recurrence::run(const Step &step) {
  SmallVector<Value> sequences;
  SmallVector<SmallVector<Value>> last(initial.size());
  for (unsigned direction = 0; direction < directions; ++direction) {
    Result result = runDirection(direction, step);
    if (node.refused())
      return failure();
    sequences.push_back(result.sequence);
    for (auto [all, one] : llvm::zip_equal(last, result.last))
      all.push_back(reshape(node, one, {1, batch, hidden}));
  }
  // steps x directions x B x hidden, or B first
  Value sequence = concat(node, sequences, 1);
  if (batchFirst)
    sequence = transpose(node, sequence, {2, 0, 1, 3});
  if (node.hasOutput(0) && failed(node.setOutput(0, sequence)))
    return failure();
  for (auto [i, states] : llvm::enumerate(last)) {
    if (!node.hasOutput(1 + i))
      continue;
    Value state = concat(node, states, 0);
    if (batchFirst)
      state = transpose(node, state, {1, 0, 2});
    if (failed(node.setOutput(1 + i, state)))
      return failure();
  }
  return success();
}
