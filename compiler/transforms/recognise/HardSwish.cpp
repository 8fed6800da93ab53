// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/recognise/Formula.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_RECOGNISEHARDSWISH
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

namespace {
/// clip(slope * x + offset, 0, high), of the type of x.
struct Ramp {
  Value x;
  double slope, offset, high;
};
} // namespace

static std::optional<Ramp> matchRamp(Value value) {
  std::optional<Clip> clip = matchClip(value);
  if (!clip || !clip->low || !clip->high || *clip->low != 0 ||
      *clip->high <= 0 || clip->value.getType() != value.getType())
    return std::nullopt;
  // The variable lies under at most one shift and one scale.
  Value x = clip->value;
  for (int i = 0; i < 2; ++i) {
    if (auto shifted = matchShifted(x))
      x = shifted->value;
    else if (auto scaled = matchScaled(x))
      x = scaled->value;
  }
  auto line = polynomialIn(clip->value, x);
  if (x == clip->value || !line || (*line)[1] == 0)
    return std::nullopt;
  return Ramp{x, (*line)[1], (*line)[0], *clip->high};
}

/// clip(a * x + b, 0, h) / h, or without the quotient when h is 1.
static LogicalResult recogniseHardSigmoid(BinaryOp op,
                                          PatternRewriter &rewriter) {
  Value clipped = op.getResult();
  double factor = 1;
  if (auto scaled = matchScaled(op.getResult())) {
    clipped = scaled->value;
    factor = scaled->factor;
  }
  auto ramp = matchRamp(clipped);
  if (!ramp || !isClose(ramp->high * factor, 1))
    return failure();
  remarkRecognised(op, "recognise-hard-swish", "hard_sigmoid");
  double params[] = {ramp->slope * factor, ramp->offset * factor};
  rewriter.replaceOpWithNewOp<UnaryOp>(op, UnaryKind::HardSigmoid, ramp->x,
                                       ArrayRef<double>(params));
  return success();
}

/// Whether factor * gate is clip(x / 6 + 1 / 2, 0, 1).
static bool isHardSwishGate(Value gate, Value x, double factor) {
  if (UnaryOp sigmoid = unaryOf(gate, UnaryKind::HardSigmoid))
    return sigmoid.getInput() == x && isClose(factor, 1) &&
           isClose(sigmoid.getParams()[0], 1.0 / 6) &&
           isClose(sigmoid.getParams()[1], 0.5);
  auto ramp = matchRamp(gate);
  return ramp && ramp->x == x && isClose(ramp->high * factor, 1) &&
         isClose(ramp->slope * factor, 1.0 / 6) &&
         isClose(ramp->offset * factor, 0.5);
}

/// x * clip(x + 3, 0, 6) / 6, factors in any order.
static LogicalResult recogniseHardSwish(BinaryOp op,
                                        PatternRewriter &rewriter) {
  if (op.getKind() != BinaryKind::Mul && op.getKind() != BinaryKind::Div)
    return failure();
  Value root = op.getResult();
  SmallVector<Value> factors = factorsOf(root);
  for (Value gate : factors)
    for (Value x : factors) {
      std::optional<double> factor = productFactor(root, x, gate);
      if (!factor || !isHardSwishGate(gate, x, *factor))
        continue;
      remarkRecognised(op, "recognise-hard-swish", "hard_swish");
      rewriter.replaceOpWithNewOp<UnaryOp>(op, UnaryKind::HardSwish, x);
      return success();
    }
  return failure();
}

namespace {

struct RecogniseHardSwish
    : visir::impl::RecogniseHardSwishBase<RecogniseHardSwish> {
  void runOnOperation() override {
    // Swishes first: a sigmoid could take a clip away from them.
    for (auto pattern :
         {recogniseHardSwish, recogniseHardSigmoid, recogniseHardSwish}) {
      RewritePatternSet patterns(&getContext());
      patterns.add(pattern);
      if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
        return signalPassFailure();
    }
  }
};

} // namespace
