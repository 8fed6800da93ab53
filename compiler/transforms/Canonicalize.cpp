// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/CanonicalizePatterns.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>
#include <limits>

namespace visir {
#define GEN_PASS_DEF_CANONICALIZE
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// Whether every value of `from` is exactly a value of `to`.
static bool isWidening(Type from, Type to) {
  auto floatFrom = dyn_cast<FloatType>(from), floatTo = dyn_cast<FloatType>(to);
  if (floatFrom && floatTo)
    return from.isF16() || from.isBF16() ? to.isF32() || to.isF64()
                                         : from.isF32() && to.isF64();
  auto intFrom = dyn_cast<IntegerType>(from), intTo = dyn_cast<IntegerType>(to);
  if (!intFrom)
    return false;
  bool isBool = intFrom.getWidth() == 1;
  if (floatTo)
    return isBool || intFrom.getWidth() < floatTo.getFPMantissaWidth();
  if (isBool || !intTo)
    return isBool && intTo;
  if (intFrom.isUnsigned() == intTo.isUnsigned())
    return intFrom.getWidth() <= intTo.getWidth();
  return intFrom.isUnsigned() && intFrom.getWidth() < intTo.getWidth();
}

static LogicalResult mergeCasts(CastOp op, PatternRewriter &rewriter) {
  if (op.getInput().getType() == op.getType()) {
    rewriter.replaceOp(op, op.getInput());
    return success();
  }
  auto inner = op.getInput().getDefiningOp<CastOp>();
  if (!inner || !isWidening(elementTypeOf(inner.getInput()),
                            elementTypeOf(inner.getResult())))
    return failure();
  rewriter.replaceOpWithNewOp<CastOp>(op, inner.getInput(), op.getTo());
  return success();
}

/// f(f(x)) = f(x), or f(f(x)) = x.
static LogicalResult mergeUnaries(UnaryOp op, PatternRewriter &rewriter) {
  UnaryOp inner = unaryOf(op.getInput(), op.getKind());
  if (!inner)
    return failure();
  switch (op.getKind()) {
  case UnaryKind::Relu:
  case UnaryKind::Abs:
  case UnaryKind::Ceil:
  case UnaryKind::Floor:
  case UnaryKind::Round:
  case UnaryKind::Sign:
    rewriter.replaceOp(op, inner.getResult());
    return success();
  case UnaryKind::Neg:
  case UnaryKind::Not:
  case UnaryKind::BitNot:
    rewriter.replaceOp(op, inner.getInput());
    return success();
  default:
    return failure();
  }
}

/// Whether `x kind constant` is x (on the right side if `onRight`).
static bool isNeutral(BinaryKind kind, double constant, bool onRight,
                      bool isFloat) {
  const double infinity = std::numeric_limits<double>::infinity();
  switch (kind) {
  case BinaryKind::Add:
    return constant == 0;
  case BinaryKind::Mul:
  case BinaryKind::Prelu:
    return constant == 1 && (onRight || kind == BinaryKind::Mul);
  case BinaryKind::Sub:
  case BinaryKind::ShiftLeft:
  case BinaryKind::ShiftRight:
    return constant == 0 && onRight;
  case BinaryKind::Div:
  case BinaryKind::Pow:
    return constant == 1 && onRight;
  case BinaryKind::Max:
    return isFloat && constant == -infinity;
  case BinaryKind::Min:
    return isFloat && constant == infinity;
  case BinaryKind::And:
    return constant != 0;
  case BinaryKind::Or:
  case BinaryKind::Xor:
  case BinaryKind::BitOr:
  case BinaryKind::BitXor:
    return constant == 0;
  default:
    return false;
  }
}

static LogicalResult dropNeutral(BinaryOp op, PatternRewriter &rewriter) {
  bool isFloat = isa<FloatType>(elementTypeOf(op.getLhs()));
  std::optional<double> right = splatOf(op.getRhs());
  if (right && op.getLhs().getType() == op.getType() &&
      isNeutral(op.getKind(), *right, true, isFloat)) {
    rewriter.replaceOp(op, op.getLhs());
    return success();
  }
  std::optional<double> left = splatOf(op.getLhs());
  if (left && op.getRhs().getType() == op.getType() &&
      isNeutral(op.getKind(), *left, false, isFloat)) {
    rewriter.replaceOp(op, op.getRhs());
    return success();
  }
  return failure();
}

/// x^2, x^3 by products; x^0.5, x^-1 by their own functions.
static LogicalResult expandPower(BinaryOp op, PatternRewriter &rewriter) {
  Value x = op.getLhs();
  if (op.getKind() != BinaryKind::Pow || x.getType() != op.getType() ||
      !isa<FloatType>(elementTypeOf(x)))
    return failure();
  std::optional<double> exponent = splatOf(op.getRhs());
  if (!exponent)
    return failure();
  if (*exponent == 2 || *exponent == 3) {
    Value y = createBinary(rewriter, op.getLoc(), BinaryKind::Mul, x, x);
    if (*exponent == 3)
      y = createBinary(rewriter, op.getLoc(), BinaryKind::Mul, y, x);
    rewriter.replaceOp(op, y);
    return success();
  }
  if (*exponent != 0.5 && *exponent != -1)
    return failure();
  rewriter.replaceOpWithNewOp<UnaryOp>(
      op, *exponent == 0.5 ? UnaryKind::Sqrt : UnaryKind::Reciprocal, x);
  return success();
}

/// max(max(x, a), b) with splats a and b, and the same for min.
static LogicalResult mergeBounds(BinaryOp op, PatternRewriter &rewriter) {
  bool isMax = op.getKind() == BinaryKind::Max;
  if (!isMax && op.getKind() != BinaryKind::Min)
    return failure();
  BinaryOp inner = binaryOf(op.getLhs(), op.getKind());
  std::optional<double> outerBound = splatOf(op.getRhs());
  if (!inner || !outerBound || op.getLhs().getType() != op.getType() ||
      inner.getLhs().getType() != op.getType())
    return failure();
  std::optional<double> innerBound = splatOf(inner.getRhs());
  if (!innerBound)
    return failure();
  bool outerWins =
      isMax ? *outerBound >= *innerBound : *outerBound <= *innerBound;
  rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getKind(), inner.getLhs(),
                                        outerWins ? op.getRhs()
                                                  : inner.getRhs());
  return success();
}

/// Constants of commutative ops stand on the right.
static LogicalResult constantToTheRight(BinaryOp op,
                                        PatternRewriter &rewriter) {
  switch (op.getKind()) {
  case BinaryKind::Add:
  case BinaryKind::Mul:
  case BinaryKind::Max:
  case BinaryKind::Min:
    break;
  default:
    return failure();
  }
  if (!op.getLhs().getDefiningOp<ConstantOp>() ||
      op.getRhs().getDefiningOp<ConstantOp>())
    return failure();
  rewriter.replaceOpWithNewOp<BinaryOp>(op, op.getKind(), op.getRhs(),
                                        op.getLhs());
  return success();
}

static LogicalResult simplifySelect(SelectOp op, PatternRewriter &rewriter) {
  Value chosen;
  if (op.getOnTrue() == op.getOnFalse())
    chosen = op.getOnTrue();
  else if (std::optional<double> condition = splatOf(op.getCondition()))
    chosen = *condition != 0 ? op.getOnTrue() : op.getOnFalse();
  if (chosen) {
    if (chosen.getType() != op.getType())
      chosen = ExpandOp::create(rewriter, op.getLoc(), chosen,
                                shapeOfValue(op.getResult()));
    rewriter.replaceOp(op, chosen);
    return success();
  }
  UnaryOp inverse = unaryOf(op.getCondition(), UnaryKind::Not);
  if (!inverse)
    return failure();
  rewriter.replaceOpWithNewOp<SelectOp>(op, inverse.getInput(), op.getOnFalse(),
                                        op.getOnTrue());
  return success();
}

/// Whether the reduction of one element is that element, so that it may be
/// done in parts.
static bool keepsOne(ReduceKind kind) {
  switch (kind) {
  case ReduceKind::Sum:
  case ReduceKind::Mean:
  case ReduceKind::Prod:
  case ReduceKind::Max:
  case ReduceKind::Min:
    return true;
  default:
    return false;
  }
}

/// A reduction over axes of size 1 leaves each element alone.
static LogicalResult dropReduce(ReduceOp op, PatternRewriter &rewriter) {
  ArrayRef<int64_t> shape = shapeOfValue(op.getInput());
  if (!keepsOne(op.getKind()) ||
      llvm::any_of(op.getAxes(), [&](int64_t a) { return shape[a] != 1; }))
    return failure();
  rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), op.getInput(),
                                       shapeOfValue(op.getResult())));
  return success();
}

/// One reduction after another of the same kind is one over the axes of both.
static LogicalResult mergeReduces(ReduceOp op, PatternRewriter &rewriter) {
  auto inner = op.getInput().getDefiningOp<ReduceOp>();
  if (!inner || !inner->hasOneUse() || inner.getKind() != op.getKind() ||
      !keepsOne(op.getKind()))
    return failure();
  // The dimensions of the first input that the second one still has.
  SmallVector<int64_t> left;
  for (int64_t i = 0; i < rankOf(inner.getInput()); ++i)
    if (inner.getKeepdims() || !llvm::is_contained(inner.getAxes(), i))
      left.push_back(i);
  SmallVector<int64_t> axes(inner.getAxes());
  for (int64_t axis : op.getAxes())
    if (!llvm::is_contained(axes, left[axis]))
      axes.push_back(left[axis]);
  llvm::sort(axes);
  Value merged = ReduceOp::create(
      rewriter, fuseLocations({inner, op}), op.getKindAttr(), inner.getInput(),
      rewriter.getDenseI64ArrayAttr(axes), rewriter.getBoolAttr(false));
  rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), merged,
                                       shapeOfValue(op.getResult())));
  return success();
}

namespace {

struct Canonicalize : visir::impl::CanonicalizeBase<Canonicalize> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(mergeCasts);
    patterns.add(mergeUnaries);
    patterns.add(dropNeutral);
    patterns.add(expandPower);
    patterns.add(mergeBounds);
    patterns.add(constantToTheRight);
    patterns.add(simplifySelect);
    patterns.add(dropReduce);
    patterns.add(mergeReduces);
    addMovementPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
