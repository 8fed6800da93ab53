// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/Weights.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_RECOGNISEGROUPNORM
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// Number of groups and epsilon of a norm of N x groups x rest that has no
/// parameters of its own.
static std::optional<std::pair<int64_t, APFloat>> matchInner(Value value) {
  int64_t rank = rankOf(value);
  if (rank < 3)
    return std::nullopt;
  int64_t groups = shapeOfValue(value)[1];
  if (auto norm = value.getDefiningOp<GroupNormOp>()) {
    bool plain = (!norm.getScale() || isSplat(norm.getScale(), 1)) &&
                 (!norm.getBias() || isSplat(norm.getBias(), 0));
    if (plain && int64_t(norm.getGroups()) == groups)
      return std::make_pair(groups, norm.getEpsilon());
  }
  if (auto norm = value.getDefiningOp<LayerNormOp>())
    if (norm.getAxis() == 2 && !norm.getRms() && !norm.getScale() &&
        !norm.getBias())
      return std::make_pair(groups, norm.getEpsilon());
  return std::nullopt;
}

/// reshape(norm(reshape(x))) where the inner shape has N x groups in front.
static LogicalResult recogniseGroupNorm(ReshapeOp op,
                                        PatternRewriter &rewriter) {
  auto inner = matchInner(op.getInput());
  if (!inner)
    return failure();
  Value reshaped = op.getInput().getDefiningOp()->getOperand(0);
  auto first = reshaped.getDefiningOp<ReshapeOp>();
  if (!first || first.getInput().getType() != op.getType() ||
      rankOf(op.getResult()) < 3)
    return failure();
  Value x = first.getInput();
  if (shapeOfValue(x)[0] != shapeOfValue(reshaped)[0] ||
      shapeOfValue(x)[1] % inner->first != 0)
    return failure();
  remarkRecognised(op, "recognise-group-norm", "group norm");
  Location loc = op.getInput().getLoc();
  auto norm = rewriter.replaceOpWithNewOp<GroupNormOp>(
      op, x, Value(), Value(), inner->first, inner->second);
  norm->setLoc(loc);
  return success();
}

/// A mul or add per channel behind a group norm without that parameter.
static LogicalResult absorbParameter(BinaryOp op, PatternRewriter &rewriter) {
  bool isScale = op.getKind() == BinaryKind::Mul;
  if (!isScale && op.getKind() != BinaryKind::Add)
    return failure();
  for (auto [y, parameter] : {std::make_pair(op.getLhs(), op.getRhs()),
                              std::make_pair(op.getRhs(), op.getLhs())}) {
    auto norm = y.getDefiningOp<GroupNormOp>();
    if (!norm || !y.hasOneUse() || y.getType() != op.getType() ||
        norm.getBias() || (isScale && norm.getScale()))
      continue;
    auto values = valuesAlong(parameter, shapeOfValue(y), 1);
    if (!values)
      continue;
    Value operand = createConstant(
        rewriter, parameter.getLoc(),
        RankedTensorType::get({int64_t(values->size())}, elementTypeOf(y)),
        *values);
    auto merged = rewriter.replaceOpWithNewOp<GroupNormOp>(
        op, norm.getInput(), isScale ? operand : norm.getScale(),
        isScale ? Value() : operand, norm.getGroups(), norm.getEpsilon());
    merged->setLoc(norm.getLoc());
    return success();
  }
  return failure();
}

namespace {

struct RecogniseGroupNorm
    : visir::impl::RecogniseGroupNormBase<RecogniseGroupNorm> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(recogniseGroupNorm);
    patterns.add(absorbParameter);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
