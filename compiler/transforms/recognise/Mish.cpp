// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/recognise/Formula.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_RECOGNISEMISH
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// log(1 + exp(x))
static LogicalResult recogniseSoftplus(UnaryOp op, PatternRewriter &rewriter) {
  if (op.getKind() != UnaryKind::Log)
    return failure();
  std::optional<Scaled> shifted = matchShifted(op.getInput());
  UnaryOp exp = shifted && shifted->factor == 1
                    ? unaryOf(shifted->value, UnaryKind::Exp)
                    : UnaryOp();
  if (!exp)
    return failure();
  remarkRecognised(op, "recognise-mish", "softplus");
  rewriter.replaceOpWithNewOp<UnaryOp>(op, UnaryKind::Softplus, exp.getInput());
  return success();
}

/// x * tanh(softplus(x))
static LogicalResult recogniseMish(BinaryOp op, PatternRewriter &rewriter) {
  if (op.getKind() != BinaryKind::Mul)
    return failure();
  for (auto [x, gate] : {std::make_pair(op.getLhs(), op.getRhs()),
                         std::make_pair(op.getRhs(), op.getLhs())}) {
    UnaryOp tanh = unaryOf(gate, UnaryKind::Tanh);
    UnaryOp softplus =
        tanh ? unaryOf(tanh.getInput(), UnaryKind::Softplus) : UnaryOp();
    if (!softplus || softplus.getInput() != x)
      continue;
    remarkRecognised(op, "recognise-mish", "mish");
    rewriter.replaceOpWithNewOp<UnaryOp>(op, UnaryKind::Mish, x);
    return success();
  }
  return failure();
}

namespace {

struct RecogniseMish : visir::impl::RecogniseMishBase<RecogniseMish> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(recogniseSoftplus);
    patterns.add(recogniseMish);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
