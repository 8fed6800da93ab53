// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_FOLDRESIDUALS
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// Whether output (c, p) is centred on input (c, p) and reads channel c only.
static bool isCentredDepthwise(ConvOp op) {
  ArrayRef<int64_t> weight = shapeOfValue(op.getWeight());
  if (int64_t(op.getGroups()) != weight[0] || weight[1] != 1 ||
      op.getInput().getType() != op.getType())
    return false;
  size_t dims = weight.size() - 2;
  for (size_t i = 0; i < dims; ++i) {
    int64_t kernel = weight[2 + i];
    int64_t half = (kernel - 1) / 2 * op.getDilations()[i];
    if (kernel % 2 == 0 || op.getStrides()[i] != 1 || op.getPads()[i] != half ||
        op.getPads()[dims + i] != half)
      return false;
  }
  return true;
}

static LogicalResult foldResidual(BinaryOp op, PatternRewriter &rewriter) {
  if (op.getKind() != BinaryKind::Add)
    return failure();
  for (Value side : {op.getLhs(), op.getRhs()}) {
    auto conv = side.getDefiningOp<ConvOp>();
    if (!conv || !conv->hasOneUse() || !isCentredDepthwise(conv) ||
        otherOperand(op, side) != conv.getInput())
      continue;
    auto weight = constantDoubles(conv.getWeight());
    if (!weight)
      continue;
    auto type = cast<RankedTensorType>(conv.getWeight().getType());
    int64_t taps = type.getNumElements() / type.getDimSize(0);
    for (int64_t c = 0; c < type.getDimSize(0); ++c)
      (*weight)[c * taps + taps / 2] += 1.0;
    Location loc = fuseLocations({conv, op});
    Value constant = createConstant(rewriter, loc, type, *weight);
    auto merged = rewriter.replaceOpWithNewOp<ConvOp>(
        op, conv.getInput(), constant, conv.getBias(), conv.getStrides(),
        conv.getPads(), conv.getDilations(), conv.getGroups());
    merged->setLoc(loc);
    return success();
  }
  return failure();
}

namespace {

struct FoldResiduals : visir::impl::FoldResidualsBase<FoldResiduals> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(foldResidual);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
