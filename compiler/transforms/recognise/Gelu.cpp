// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/recognise/Formula.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

namespace visir {
#define GEN_PASS_DEF_RECOGNISEGELU
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// The form of GELU of which `gate` is the factor 1 + erf or 1 + tanh.
static std::optional<UnaryKind> matchGate(Value gate, Value x) {
  std::optional<Scaled> shifted = matchShifted(gate);
  if (!shifted || !isClose(shifted->factor, 1))
    return std::nullopt;
  if (UnaryOp erf = unaryOf(shifted->value, UnaryKind::Erf)) {
    auto argument = polynomialIn(erf.getInput(), x);
    if (argument && agree(*argument, {0, M_SQRT1_2, 0, 0}))
      return UnaryKind::Gelu;
  }
  if (UnaryOp tanh = unaryOf(shifted->value, UnaryKind::Tanh)) {
    auto argument = polynomialIn(tanh.getInput(), x);
    double scale = std::sqrt(2 / M_PI);
    if (argument && agree(*argument, {0, scale, 0, scale * 0.044715}))
      return UnaryKind::GeluTanh;
  }
  return std::nullopt;
}

/// Says why 0.5 * x * (1 + erf or tanh of something) is no GELU.
static void missGate(BinaryOp op, Value gate) {
  std::optional<Scaled> shifted = matchShifted(gate);
  if (!shifted)
    return;
  if (unaryOf(shifted->value, UnaryKind::Erf))
    remarkMissed(op, "recognise-gelu",
                 "the argument of erf is not its factor over sqrt 2");
  if (unaryOf(shifted->value, UnaryKind::Tanh))
    remarkMissed(op, "recognise-gelu",
                 "the argument of tanh is not sqrt(2 / pi) * (x + 0.044715 "
                 "x^3) of its factor x");
}

/// 0.5 * x * (1 + erf(x / sqrt 2)), or with tanh, factors in any order.
static LogicalResult recogniseGelu(BinaryOp op, PatternRewriter &rewriter) {
  if (op.getKind() != BinaryKind::Mul && op.getKind() != BinaryKind::Div)
    return failure();
  Value root = op.getResult();
  SmallVector<Value> factors = factorsOf(root);
  for (Value gate : factors) {
    if (!binaryOf(gate, BinaryKind::Add))
      continue;
    for (Value x : factors) {
      std::optional<double> factor = productFactor(root, x, gate);
      if (!factor || !isClose(*factor, 0.5))
        continue;
      if (std::optional<UnaryKind> kind = matchGate(gate, x)) {
        remarkRecognised(op, "recognise-gelu", stringifyUnaryKind(*kind));
        rewriter.replaceOpWithNewOp<UnaryOp>(op, *kind, x);
        return success();
      }
      missGate(op, gate);
    }
  }
  return failure();
}

namespace {

struct RecogniseGelu : visir::impl::RecogniseGeluBase<RecogniseGelu> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(recogniseGelu);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
