// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Builders.h"

#include <cmath>

namespace visir {
#define GEN_PASS_DEF_LOWERBATCHNORM
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// C elements as a tensor that broadcasts along the channels.
static RankedTensorType channelType(BatchNormOp op) {
  SmallVector<int64_t> shape(rankOf(op.getInput()) - 1, 1);
  shape[0] = shapeOfValue(op.getInput())[1];
  return RankedTensorType::get(shape, elementTypeOf(op.getInput()));
}

/// Scale and shift as constants, computed in f64.
static LogicalResult constantParameters(BatchNormOp op, OpBuilder &builder,
                                        Value &scale, Value &shift) {
  auto gamma = constantDoubles(op.getScale());
  auto beta = constantDoubles(op.getBias());
  auto mean = constantDoubles(op.getMean());
  auto variance = constantDoubles(op.getVariance());
  if (!gamma || !beta || !mean || !variance)
    return failure();
  double epsilon = op.getEpsilon().convertToDouble();
  SmallVector<double> s, t;
  for (size_t c = 0; c < gamma->size(); ++c) {
    s.push_back((*gamma)[c] / std::sqrt((*variance)[c] + epsilon));
    t.push_back((*beta)[c] - (*mean)[c] * s.back());
  }
  scale = createConstant(builder, op.getLoc(), channelType(op), s);
  shift = createConstant(builder, op.getLoc(), channelType(op), t);
  return success();
}

static void computedParameters(BatchNormOp op, OpBuilder &builder, Value &scale,
                               Value &shift) {
  Location loc = op.getLoc();
  auto perChannel = [&](Value value) {
    if (elementTypeOf(value) != elementTypeOf(op.getInput()))
      value = CastOp::create(builder, loc, value,
                             TypeAttr::get(elementTypeOf(op.getInput())));
    return createReshape(builder, loc, value, channelType(op).getShape());
  };
  Value epsilon = createSplat(
      builder, loc, RankedTensorType::get({}, elementTypeOf(op.getInput())),
      op.getEpsilon().convertToDouble());
  Value variance = createBinary(builder, loc, BinaryKind::Add,
                                perChannel(op.getVariance()), epsilon);
  Value deviation = UnaryOp::create(builder, loc, UnaryKind::Sqrt, variance);
  scale = createBinary(builder, loc, BinaryKind::Div, perChannel(op.getScale()),
                       deviation);
  Value shifted = createBinary(builder, loc, BinaryKind::Mul,
                               perChannel(op.getMean()), scale);
  shift = createBinary(builder, loc, BinaryKind::Sub, perChannel(op.getBias()),
                       shifted);
}

namespace {

struct LowerBatchNorm : visir::impl::LowerBatchNormBase<LowerBatchNorm> {
  void runOnOperation() override {
    getOperation().walk([](BatchNormOp op) {
      OpBuilder builder(op);
      Value scale, shift;
      if (failed(constantParameters(op, builder, scale, shift)))
        computedParameters(op, builder, scale, shift);
      Value scaled = createBinary(builder, op.getLoc(), BinaryKind::Mul,
                                  op.getInput(), scale);
      Value result =
          createBinary(builder, op.getLoc(), BinaryKind::Add, scaled, shift);
      op.replaceAllUsesWith(result);
      op.erase();
    });
  }
};

} // namespace
