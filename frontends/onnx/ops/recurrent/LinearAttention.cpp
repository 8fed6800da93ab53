// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Each step becomes ops of its own, so there is a limit.
static constexpr int64_t kMostSteps = 1024;

namespace {

/// Unrolls the recurrence of a linear attention over its steps. The state is
/// batch x key heads x key size x value size.
class LinearAttention {
public:
  explicit LinearAttention(Node &node) : node(node) {}
  LogicalResult run();

private:
  LogicalResult read();
  Value heads(unsigned input, int64_t count);
  Value at(Value x, int64_t step);
  Value mul(Value a, Value b) {
    return binary(node, BinaryKind::Mul, a, b);
  }
  Value step(int64_t t);

  Node &node;
  int64_t batch = 0, steps = 0, queryHeads = 0, keyHeads = 0, keySize = 0,
          valueSize = 0;
  double scale = 1;
  bool gates = false, corrects = false;
  Value query, key, value, decay, beta, state;
};

} // namespace

/// batch x steps x (count * size) as batch x count x steps x size, in f32.
Value LinearAttention::heads(unsigned input, int64_t count) {
  ArrayRef<int64_t> shape = node.shape(input);
  if (shape.size() != 3 || shape[0] != batch || shape[1] != steps ||
      shape[2] % count != 0) {
    (void)node.refuse("shape of input " + Twine(input), shapeName(shape),
                      "[" + Twine(batch) + ", " + Twine(steps) + ", " +
                          Twine(count) + " * size]");
    return {};
  }
  Value x = cast(node, node.input(input), f32(node));
  x = reshape(node, x, {batch, steps, count, shape[2] / count});
  return transpose(node, x, {0, 2, 1, 3});
}

LogicalResult LinearAttention::read() {
  std::string rule = node.stringAttr("update_rule", "gated_delta");
  node.ignoreAttr("chunk_size"); // of no influence on the result
  queryHeads = node.intAttr("q_num_heads", 0);
  keyHeads = node.intAttr("kv_num_heads", 0);
  scale = node.floatAttr("scale", 0.0);
  gates = rule == "gated" || rule == "gated_delta";
  corrects = rule == "delta" || rule == "gated_delta";
  if (!gates && !corrects && rule != "linear")
    return node.refuse("update_rule", rule,
                       "linear, gated, delta or gated_delta");
  if (keyHeads < 1 || queryHeads < 1 || queryHeads % keyHeads != 0)
    return node.refuse("q_num_heads", Twine(queryHeads),
                       "a multiple of kv_num_heads " + Twine(keyHeads));
  if (node.rank(0) != 3)
    return node.refuse("rank of the query", Twine(node.rank(0)), "3");
  batch = node.shape(0)[0];
  steps = node.shape(0)[1];
  if (steps < 1 || steps > kMostSteps)
    return node.refuse("number of steps", Twine(steps),
                       "1 to " + Twine(kMostSteps) + ", as it is unrolled");
  if (gates != node.hasInput(4) || corrects != node.hasInput(5))
    return node.refuse("update_rule", rule,
                       "one that takes the given inputs decay and beta");
  query = heads(0, queryHeads);
  key = heads(1, keyHeads);
  value = heads(2, keyHeads);
  if (gates)
    decay = heads(4, keyHeads);
  if (corrects)
    beta = heads(5, node.shape(5).back() == 1 ? 1 : keyHeads);
  if (node.refused())
    return failure();
  keySize = shapeOf(key)[3];
  valueSize = shapeOf(value)[3];
  if (scale == 0)
    scale = 1.0 / std::sqrt(double(keySize));
  Shape shape{batch, keyHeads, keySize, valueSize};
  state = node.hasInput(3) ? cast(node, node.input(3), f32(node))
                           : filled(node, shape, f32(node), 0);
  if (state && shapeOf(state) != ArrayRef<int64_t>(shape))
    return node.refuse("shape of past_state", shapeName(shapeOf(state)),
                       shapeName(shape));
  return success();
}

/// Step `t` of batch x heads x steps x size, as batch x heads x size.
Value LinearAttention::at(Value x, int64_t t) {
  if (!x)
    return x;
  Shape shape(shapeOf(x));
  shape.erase(shape.begin() + 2);
  return reshape(node, sliceAxis(node, x, 2, t, 1), shape);
}

/// Updates the state; gives batch x query heads x 1 x value size.
Value LinearAttention::step(int64_t t) {
  Value k = unsqueeze(node, at(key, t), {3});   // B x H x dk x 1
  Value v = unsqueeze(node, at(value, t), {2}); // B x H x 1 x dv
  if (gates)
    state = mul(state, unsqueeze(node,
                                 unary(node, UnaryKind::Exp, at(decay, t)),
                                 {3}));
  if (corrects) {
    Value known = node.create<MatMulOp>(transpose(node, k, {0, 1, 3, 2}),
                                        state);
    v = mul(unsqueeze(node, at(beta, t), {3}),
            binary(node, BinaryKind::Sub, v, known));
  }
  state = binary(node, BinaryKind::Add, state, mul(k, v));
  // The query heads of a group read one state.
  int64_t group = queryHeads / keyHeads;
  Value q = reshape(node, at(query, t), {batch, keyHeads, group, keySize});
  Value read = node.create<MatMulOp>(q, state);
  return reshape(node, read, {batch, queryHeads, 1, valueSize});
}

LogicalResult LinearAttention::run() {
  if (failed(read()))
    return failure();
  SmallVector<Value> outputs;
  for (int64_t t = 0; t < steps && !node.refused(); ++t)
    outputs.push_back(step(t));
  Value y = concat(node, outputs, 2);
  y = mul(y, scalar(node, f32(node), scale));
  y = transpose(node, y, {0, 2, 1, 3});
  y = reshape(node, y, {batch, steps, queryHeads * valueSize});
  if (failed(node.setOutput(0, cast(node, y, node.elementType(0)))))
    return failure();
  if (!node.hasOutput(1))
    return success();
  return node.setOutput(
      1, cast(node, state, node.elementType(node.hasInput(3) ? 3 : 0)));
}

static LogicalResult importLinearAttention(Node &node) {
  return LinearAttention(node).run();
}

VISIR_ONNX_OP(LinearAttention, 27, 3, importLinearAttention)
