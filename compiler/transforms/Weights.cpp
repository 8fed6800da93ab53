// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/Weights.h"

#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"

using namespace mlir;
using namespace visir;

std::optional<SmallVector<double>>
visir::valuesAlong(Value constant, ArrayRef<int64_t> shape, int64_t axis) {
  if (!constantOf(constant))
    return std::nullopt;
  ArrayRef<int64_t> own = shapeOfValue(constant);
  if (own.size() > shape.size())
    return std::nullopt;
  int64_t lead = shape.size() - own.size();
  for (int64_t i = 0; i < int64_t(own.size()); ++i)
    if (own[i] != 1 && i + lead != axis)
      return std::nullopt;
  SmallVector<double> values = *constantDoubles(constant);
  if (values.size() == 1)
    values.assign(shape[axis], values[0]);
  if (int64_t(values.size()) != shape[axis])
    return std::nullopt;
  return values;
}

std::optional<WeightedOp> WeightedOp::of(Operation *op) {
  if (!op || !isa<ConvOp, ConvTransposeOp, MatMulOp>(op))
    return std::nullopt;
  if (!constantOf(op->getOperand(1)) ||
      !isa<FloatType>(elementTypeOf(op->getResult(0))))
    return std::nullopt;
  if (isa<MatMulOp>(op) && rankOf(op->getOperand(1)) != 2)
    return std::nullopt;
  if (op->getNumOperands() == 3 && !constantOf(op->getOperand(2)))
    return std::nullopt;
  return WeightedOp(op);
}

bool WeightedOp::isMatMul() const { return isa<MatMulOp>(op); }

int64_t WeightedOp::inputAxis() const {
  return isMatMul() ? rankOf(getInput()) - 1 : 1;
}

int64_t WeightedOp::resultAxis() const {
  return isMatMul() ? rankOf(getResult()) - 1 : 1;
}

int64_t WeightedOp::numOutputs() const {
  return shapeOfValue(getResult())[resultAxis()];
}

bool WeightedOp::seesOnlyInput() const {
  if (isMatMul())
    return true;
  auto conv = dyn_cast<ConvOp>(op);
  return conv && llvm::all_of(conv.getPads(), [](int64_t p) { return p == 0; });
}

void WeightedOp::forEachWeight(
    function_ref<void(size_t, int64_t, int64_t)> f) const {
  ArrayRef<int64_t> shape = shapeOfValue(op->getOperand(1));
  size_t taps = 1, at = 0;
  for (int64_t size : shape.drop_front(2))
    taps *= size;
  int64_t groups = 1;
  if (auto conv = dyn_cast<ConvOp>(op))
    groups = conv.getGroups();
  if (auto conv = dyn_cast<ConvTransposeOp>(op))
    groups = conv.getGroups();
  // Row and column of the weight; which of them is the input's differs.
  for (int64_t row = 0; row < shape[0]; ++row)
    for (int64_t column = 0; column < shape[1]; ++column) {
      int64_t other = row / (shape[0] / groups) * shape[1] + column;
      bool rowIsOutput = isa<ConvOp>(op);
      for (size_t tap = 0; tap < taps; ++tap)
        f(at++, rowIsOutput ? other : row, rowIsOutput ? row : other);
    }
}

Value WeightedOp::rebuild(PatternRewriter &rewriter, Location loc, Value input,
                          ArrayRef<double> in, ArrayRef<double> out,
                          ArrayRef<double> add) const {
  SmallVector<double> weight = *constantDoubles(op->getOperand(1));
  forEachWeight([&](size_t at, int64_t i, int64_t o) {
    weight[at] *= (in.empty() ? 1.0 : in[i]) * (out.empty() ? 1.0 : out[o]);
  });
  auto weightType = cast<RankedTensorType>(op->getOperand(1).getType());
  Value newWeight = createConstant(rewriter, loc, weightType, weight);
  if (isMatMul())
    return MatMulOp::create(rewriter, loc, input, newWeight);
  SmallVector<double> bias(numOutputs(), 0.0);
  bool hasBias = op->getNumOperands() == 3;
  if (hasBias)
    bias = *constantDoubles(op->getOperand(2));
  for (auto [o, value] : llvm::enumerate(bias))
    value = value * (out.empty() ? 1.0 : out[o]) + (add.empty() ? 0.0 : add[o]);
  SmallVector<Value> operands = {input, newWeight};
  if (hasBias || !add.empty())
    operands.push_back(createConstant(
        rewriter, loc,
        RankedTensorType::get({numOutputs()}, elementTypeOf(getResult())),
        bias));
  OperationState state(loc, op->getName(), operands, op->getResultTypes(),
                       op->getAttrs());
  return rewriter.create(state)->getResult(0);
}

SmallVector<double> WeightedOp::respond(ArrayRef<double> in) const {
  SmallVector<double> weight = *constantDoubles(op->getOperand(1));
  SmallVector<double> sums(numOutputs(), 0.0);
  forEachWeight(
      [&](size_t at, int64_t i, int64_t o) { sums[o] += weight[at] * in[i]; });
  return sums;
}
