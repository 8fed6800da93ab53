// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_RECOGNISELAYERNORM
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

namespace {
/// x (less its mean, unless `rms`) over the root of its mean square.
struct Norm {
  Value x;
  SmallVector<int64_t> axes;
  double epsilon;
  bool rms;
};

/// 1 / sqrt(variance + epsilon)
struct InverseRoot {
  Value variance;
  double epsilon;
};
} // namespace

static std::optional<InverseRoot> matchRoot(Value value) {
  UnaryOp sqrt = unaryOf(value, UnaryKind::Sqrt);
  auto shifted = sqrt ? matchShifted(sqrt.getInput()) : std::nullopt;
  if (!shifted || shifted->factor < 0)
    return std::nullopt;
  return InverseRoot{shifted->value, shifted->factor};
}

static std::optional<InverseRoot> matchInverseRoot(Value value) {
  if (UnaryOp inverse = unaryOf(value, UnaryKind::Reciprocal))
    return matchRoot(inverse.getInput());
  if (BinaryOp div = binaryOf(value, BinaryKind::Div);
      div && isSplat(div.getLhs(), 1))
    return matchRoot(div.getRhs());
  BinaryOp pow = binaryOf(value, BinaryKind::Pow);
  if (!pow || !isSplat(pow.getRhs(), -0.5))
    return std::nullopt;
  auto shifted = matchShifted(pow.getLhs());
  if (!shifted || shifted->factor < 0)
    return std::nullopt;
  return InverseRoot{shifted->value, shifted->factor};
}

/// The mean over some axes that keeps them, and what it is a mean of.
static ReduceOp meanOf(Value value) {
  ReduceOp mean = reduceOf(value, ReduceKind::Mean);
  return mean && mean.getKeepdims() ? mean : ReduceOp();
}

static Value squareOf(Value value) {
  BinaryOp mul = binaryOf(value, BinaryKind::Mul);
  return mul && mul.getLhs() == mul.getRhs() ? mul.getLhs() : Value();
}

/// x when `value` is x - mean(x) over `axes`.
static Value matchCentred(Value value, ArrayRef<int64_t> axes) {
  BinaryOp sub = binaryOf(value, BinaryKind::Sub);
  ReduceOp mean = sub ? meanOf(sub.getRhs()) : ReduceOp();
  if (!mean || mean.getInput() != sub.getLhs() || mean.getAxes() != axes)
    return {};
  return sub.getLhs();
}

/// Whether `variance` is mean(x * x) - mean(x)^2 over `axes`.
static bool isDifferenceOfMoments(Value variance, Value x,
                                  ArrayRef<int64_t> &axes) {
  BinaryOp sub = binaryOf(variance, BinaryKind::Sub);
  if (!sub)
    return false;
  ReduceOp square = meanOf(sub.getLhs());
  Value mean = squareOf(sub.getRhs());
  ReduceOp meanOp = mean ? meanOf(mean) : ReduceOp();
  if (!square || !meanOp || squareOf(square.getInput()) != x ||
      meanOp.getInput() != x || square.getAxes() != meanOp.getAxes())
    return false;
  axes = meanOp.getAxes();
  return true;
}

/// The norm in `numerator` * inverse root of a variance.
static std::optional<Norm> matchNorm(Value numerator, InverseRoot root) {
  auto made = [&](Value x, ArrayRef<int64_t> axes, bool rms) {
    return Norm{x, llvm::to_vector(axes), root.epsilon, rms};
  };
  if (ReduceOp mean = meanOf(root.variance)) {
    Value deviation = squareOf(mean.getInput());
    if (!deviation)
      return std::nullopt;
    Value x = matchCentred(deviation, mean.getAxes());
    if (x && matchCentred(numerator, mean.getAxes()) == x)
      return made(x, mean.getAxes(), false);
    if (deviation == numerator && !x)
      return made(numerator, mean.getAxes(), true);
    return std::nullopt;
  }
  BinaryOp sub = binaryOf(numerator, BinaryKind::Sub);
  ArrayRef<int64_t> axes;
  if (sub && isDifferenceOfMoments(root.variance, sub.getLhs(), axes) &&
      matchCentred(numerator, axes))
    return made(sub.getLhs(), axes, false);
  return std::nullopt;
}

/// Builds the op; axes other than the last ones are brought there and back.
static Value buildNorm(PatternRewriter &rewriter, Location loc,
                       const Norm &norm, Value scale) {
  int64_t rank = rankOf(norm.x), count = norm.axes.size();
  SmallVector<int64_t> order, back(rank);
  for (int64_t i = 0; i < rank; ++i)
    if (!llvm::is_contained(norm.axes, i))
      order.push_back(i);
  llvm::append_range(order, norm.axes);
  bool isLast = llvm::is_sorted(order);
  for (auto [at, dim] : llvm::enumerate(order))
    back[dim] = at;
  Value x = isLast ? norm.x : createTranspose(rewriter, loc, norm.x, order);
  Value result =
      LayerNormOp::create(rewriter, loc, x, scale, Value(), rank - count,
                          APFloat(norm.epsilon), norm.rms);
  return isLast ? result : createTranspose(rewriter, loc, result, back);
}

static LogicalResult replaceWithNorm(BinaryOp op, const Norm &norm,
                                     PatternRewriter &rewriter) {
  if (norm.x.getType() != op.getType())
    return failure();
  remarkRecognised(op, "recognise-layer-norm",
                   norm.rms ? "rms norm" : "layer norm");
  rewriter.replaceOp(op, buildNorm(rewriter, op.getLoc(), norm, Value()));
  return success();
}

/// Says why `numerator` over the root of a mean of squares is no norm.
static void missNorm(BinaryOp op, Value numerator, InverseRoot root) {
  ReduceOp mean = meanOf(root.variance);
  if (mean && squareOf(mean.getInput()) &&
      numerator.getType() == op.getType())
    remarkMissed(op, "recognise-layer-norm",
                 "the root is that of another tensor's mean square");
}

/// d / sqrt(variance + epsilon), or d * (1 / sqrt(variance + epsilon))
static LogicalResult recogniseNorm(BinaryOp op, PatternRewriter &rewriter) {
  if (op.getKind() == BinaryKind::Div) {
    auto root = matchRoot(op.getRhs());
    auto norm = root ? matchNorm(op.getLhs(), *root) : std::nullopt;
    if (norm)
      return replaceWithNorm(op, *norm, rewriter);
    if (root)
      missNorm(op, op.getLhs(), *root);
    return failure();
  }
  if (op.getKind() != BinaryKind::Mul)
    return failure();
  for (auto [d, r] : {std::make_pair(op.getLhs(), op.getRhs()),
                      std::make_pair(op.getRhs(), op.getLhs())}) {
    auto root = matchInverseRoot(r);
    auto norm = root ? matchNorm(d, *root) : std::nullopt;
    if (norm)
      return replaceWithNorm(op, *norm, rewriter);
    if (root)
      missNorm(op, d, *root);
  }
  return failure();
}

/// d * (inverse root * scale) = (d * inverse root) * scale
static LogicalResult reorderScale(BinaryOp op, PatternRewriter &rewriter) {
  if (op.getKind() != BinaryKind::Mul)
    return failure();
  for (auto [d, factor] : {std::make_pair(op.getLhs(), op.getRhs()),
                           std::make_pair(op.getRhs(), op.getLhs())}) {
    BinaryOp inner = binaryOf(factor, BinaryKind::Mul);
    if (!inner || d.getType() != op.getType())
      continue;
    for (Value r : {inner.getLhs(), inner.getRhs()}) {
      auto root = matchInverseRoot(r);
      if (!root || !matchNorm(d, *root))
        continue;
      Value normed = createBinary(rewriter, op.getLoc(), BinaryKind::Mul, d, r);
      rewriter.replaceOpWithNewOp<BinaryOp>(op, BinaryKind::Mul, normed,
                                            otherOperand(inner, r));
      return success();
    }
  }
  return failure();
}

/// `parameter` as an operand of a norm over the dimensions `dims`, or null.
/// `shape` is that of the result that it broadcasts to.
static Value asParameter(Value parameter, ArrayRef<int64_t> shape,
                         ArrayRef<int64_t> dims, PatternRewriter &rewriter) {
  ArrayRef<int64_t> own = shapeOfValue(parameter);
  if (own.size() > shape.size())
    return {};
  int64_t lead = shape.size() - own.size();
  SmallVector<int64_t> kept(dims.size(), 1);
  for (int64_t i = 0; i < int64_t(own.size()); ++i) {
    auto *it = llvm::find(dims, i + lead);
    if (it == dims.end() ? own[i] != 1
                         : own[i] != 1 && own[i] != shape[i + lead])
      return {};
    if (it != dims.end())
      kept[it - dims.begin()] = own[i];
  }
  SmallVector<int64_t> full;
  for (int64_t dim : dims)
    full.push_back(shape[dim]);
  Value reshaped = createReshape(rewriter, parameter.getLoc(), parameter, kept);
  if (ArrayRef<int64_t>(kept) == ArrayRef<int64_t>(full))
    return reshaped;
  return ExpandOp::create(rewriter, parameter.getLoc(), reshaped, full);
}

/// A mul behind a norm without scale, or an add behind one without bias, is
/// the scale or the bias; a transpose may lie between.
static LogicalResult absorbParameter(BinaryOp op, PatternRewriter &rewriter) {
  bool isScale = op.getKind() == BinaryKind::Mul;
  if (!isScale && op.getKind() != BinaryKind::Add)
    return failure();
  for (auto [y, parameter] : {std::make_pair(op.getLhs(), op.getRhs()),
                              std::make_pair(op.getRhs(), op.getLhs())}) {
    auto transpose = y.getDefiningOp<TransposeOp>();
    Value normed = transpose ? transpose.getInput() : y;
    auto norm = normed.getDefiningOp<LayerNormOp>();
    if (!norm || !y.hasOneUse() || !normed.hasOneUse() || norm.getBias() ||
        (isScale && norm.getScale()) || y.getType() != op.getType() ||
        elementTypeOf(parameter) != elementTypeOf(y))
      continue;
    int64_t rank = rankOf(normed);
    SmallVector<int64_t> dims;
    for (int64_t d = norm.getAxis(); d < rank; ++d)
      dims.push_back(transpose ? llvm::find(transpose.getPermutation(), d) -
                                     transpose.getPermutation().begin()
                               : d);
    rewriter.setInsertionPoint(op);
    Value operand = asParameter(parameter, shapeOfValue(y), dims, rewriter);
    if (!operand)
      continue;
    Value result = LayerNormOp::create(
        rewriter, fuseLocations({norm, op}), norm.getInput(),
        isScale ? operand : norm.getScale(), isScale ? Value() : operand,
        norm.getAxis(), norm.getEpsilon(), norm.getRms());
    if (transpose)
      result = createTranspose(rewriter, transpose.getLoc(), result,
                               transpose.getPermutation());
    rewriter.replaceOp(op, result);
    return success();
  }
  return failure();
}

namespace {

struct RecogniseLayerNorm
    : visir::impl::RecogniseLayerNormBase<RecogniseLayerNorm> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(recogniseNorm);
    patterns.add(reorderScale);
    patterns.add(absorbParameter);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
