// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_RECOGNISESOFTMAX
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// The one axis of a reduction that keeps its dimension.
static std::optional<int64_t> keptAxis(ReduceOp op) {
  if (!op || !op.getKeepdims() || op.getAxes().size() != 1)
    return std::nullopt;
  return op.getAxes()[0];
}

/// x for x - max(x) along `axis`, any other value for itself.
static Value withoutMax(Value value, int64_t axis) {
  BinaryOp sub = binaryOf(value, BinaryKind::Sub);
  ReduceOp max = sub ? reduceOf(sub.getRhs(), ReduceKind::Max) : ReduceOp();
  if (max && max.getInput() == sub.getLhs() && keptAxis(max) == axis)
    return sub.getLhs();
  return value;
}

/// exp(x) / sum(exp(x)), with or without the maximum taken off.
static LogicalResult fromQuotient(BinaryOp op, PatternRewriter &rewriter) {
  Value sumValue;
  if (op.getKind() == BinaryKind::Div)
    sumValue = op.getRhs();
  else if (op.getKind() == BinaryKind::Mul)
    if (UnaryOp inverse = unaryOf(op.getRhs(), UnaryKind::Reciprocal))
      sumValue = inverse.getInput();
  ReduceOp sum = sumValue ? reduceOf(sumValue, ReduceKind::Sum) : ReduceOp();
  std::optional<int64_t> axis = keptAxis(sum);
  UnaryOp exp = unaryOf(op.getLhs(), UnaryKind::Exp);
  if (!axis || !exp || sum.getInput() != exp.getResult())
    return failure();
  remarkRecognised(op, "recognise-softmax", "softmax");
  rewriter.replaceOpWithNewOp<SoftmaxOp>(op, withoutMax(exp.getInput(), *axis),
                                         *axis, /*log=*/false);
  return success();
}

/// log(softmax(x))
static LogicalResult fromLogarithm(UnaryOp op, PatternRewriter &rewriter) {
  auto softmax = op.getInput().getDefiningOp<SoftmaxOp>();
  if (op.getKind() != UnaryKind::Log || !softmax || softmax.getLog())
    return failure();
  remarkRecognised(op, "recognise-softmax", "log softmax");
  rewriter.replaceOpWithNewOp<SoftmaxOp>(op, softmax.getInput(),
                                         softmax.getAxis(), /*log=*/true);
  return success();
}

/// y - log(sum(exp(y))) with y = x or x - max(x)
static LogicalResult fromDifference(BinaryOp op, PatternRewriter &rewriter) {
  UnaryOp log = unaryOf(op.getRhs(), UnaryKind::Log);
  if (op.getKind() != BinaryKind::Sub || !log)
    return failure();
  ReduceOp sum = reduceOf(log.getInput(), ReduceKind::Sum);
  std::optional<int64_t> axis = keptAxis(sum);
  UnaryOp exp = sum ? unaryOf(sum.getInput(), UnaryKind::Exp) : UnaryOp();
  if (!axis || !exp || exp.getInput() != op.getLhs())
    return failure();
  remarkRecognised(op, "recognise-softmax", "log softmax");
  rewriter.replaceOpWithNewOp<SoftmaxOp>(op, withoutMax(op.getLhs(), *axis),
                                         *axis, /*log=*/true);
  return success();
}

namespace {

struct RecogniseSoftmax : visir::impl::RecogniseSoftmaxBase<RecogniseSoftmax> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(fromQuotient);
    patterns.add(fromLogarithm);
    patterns.add(fromDifference);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
