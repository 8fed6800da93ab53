// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/recognise/Formula.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_RECOGNISESILU
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// The x of `denominator` = 1 + exp(-x).
static Value matchLogistic(Value denominator) {
  std::optional<Scaled> shifted = matchShifted(denominator);
  if (!shifted || shifted->factor != 1)
    return {};
  UnaryOp exp = unaryOf(shifted->value, UnaryKind::Exp);
  UnaryOp neg = exp ? unaryOf(exp.getInput(), UnaryKind::Neg) : UnaryOp();
  return neg ? neg.getInput() : Value();
}

static LogicalResult sigmoidFromReciprocal(UnaryOp op,
                                           PatternRewriter &rewriter) {
  if (op.getKind() != UnaryKind::Reciprocal)
    return failure();
  Value x = matchLogistic(op.getInput());
  if (!x)
    return failure();
  remarkRecognised(op, "recognise-silu", "sigmoid");
  rewriter.replaceOpWithNewOp<UnaryOp>(op, UnaryKind::Sigmoid, x);
  return success();
}

static LogicalResult sigmoidFromQuotient(BinaryOp op,
                                         PatternRewriter &rewriter) {
  if (op.getKind() != BinaryKind::Div || !isSplat(op.getLhs(), 1) ||
      op.getRhs().getType() != op.getType())
    return failure();
  Value x = matchLogistic(op.getRhs());
  if (!x)
    return failure();
  remarkRecognised(op, "recognise-silu", "sigmoid");
  rewriter.replaceOpWithNewOp<UnaryOp>(op, UnaryKind::Sigmoid, x);
  return success();
}

static LogicalResult recogniseSilu(BinaryOp op, PatternRewriter &rewriter) {
  if (op.getKind() != BinaryKind::Mul)
    return failure();
  for (auto [x, gate] : {std::make_pair(op.getLhs(), op.getRhs()),
                         std::make_pair(op.getRhs(), op.getLhs())}) {
    UnaryOp sigmoid = unaryOf(gate, UnaryKind::Sigmoid);
    if (!sigmoid || sigmoid.getInput() != x)
      continue;
    remarkRecognised(op, "recognise-silu", "silu");
    rewriter.replaceOpWithNewOp<UnaryOp>(op, UnaryKind::Silu, x);
    return success();
  }
  return failure();
}

namespace {

struct RecogniseSilu : visir::impl::RecogniseSiluBase<RecogniseSilu> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(sigmoidFromReciprocal);
    patterns.add(sigmoidFromQuotient);
    patterns.add(recogniseSilu);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
