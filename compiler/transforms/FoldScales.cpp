// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/Weights.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_FOLDSCALES
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

namespace {

/// x * c, x / c, x + c or x - c with a constant c; x has the result's type.
struct ConstantStep {
  BinaryOp op;
  Value x, constant;

  bool isScale() {
    return op.getKind() == BinaryKind::Mul || op.getKind() == BinaryKind::Div;
  }
  /// The factors (or summands) along `axis` of the result.
  std::optional<SmallVector<double>> along(int64_t axis) {
    auto values = valuesAlong(constant, shapeOfValue(op.getResult()), axis);
    if (!values)
      return values;
    for (double &value : *values) {
      if (op.getKind() == BinaryKind::Div && value == 0)
        return std::nullopt;
      if (op.getKind() == BinaryKind::Div)
        value = 1.0 / value;
      else if (op.getKind() == BinaryKind::Sub)
        value = -value;
    }
    return values;
  }
};

} // namespace

static std::optional<ConstantStep> matchStep(Operation *operation) {
  auto op = dyn_cast_or_null<BinaryOp>(operation);
  if (!op || !isa<FloatType>(elementTypeOf(op.getResult())))
    return std::nullopt;
  bool commutes =
      op.getKind() == BinaryKind::Mul || op.getKind() == BinaryKind::Add;
  if (!commutes && op.getKind() != BinaryKind::Div &&
      op.getKind() != BinaryKind::Sub)
    return std::nullopt;
  auto fits = [&](Value x, Value c) {
    return constantOf(c) && !constantOf(x) && x.getType() == op.getType();
  };
  if (fits(op.getLhs(), op.getRhs()))
    return ConstantStep{op, op.getLhs(), op.getRhs()};
  if (commutes && fits(op.getRhs(), op.getLhs()))
    return ConstantStep{op, op.getRhs(), op.getLhs()};
  return std::nullopt;
}

static RankedTensorType vectorType(Value like, ArrayRef<double> values) {
  return RankedTensorType::get({int64_t(values.size())}, elementTypeOf(like));
}

/// A step behind a contraction goes into its weight or bias.
static LogicalResult foldIntoProducer(BinaryOp op, PatternRewriter &rewriter) {
  auto step = matchStep(op);
  if (!step || !step->x.hasOneUse())
    return failure();
  auto producer = WeightedOp::of(step->x.getDefiningOp());
  if (!producer || (producer->isMatMul() && !step->isScale()))
    return failure();
  auto values = step->along(producer->resultAxis());
  if (!values)
    return failure();
  Location loc = fuseLocations({producer->getOp(), op});
  Value result = step->isScale()
                     ? producer->rebuild(rewriter, loc, producer->getInput(),
                                         {}, *values, {})
                     : producer->rebuild(rewriter, loc, producer->getInput(),
                                         {}, {}, *values);
  rewriter.replaceOp(op, result);
  return success();
}

/// (matmul + b) * s = matmul * s + b * s, where matmul * s then folds.
static LogicalResult scaleBeforeBias(BinaryOp op, PatternRewriter &rewriter) {
  auto scale = matchStep(op);
  if (!scale || !scale->isScale() || !scale->x.hasOneUse())
    return failure();
  auto bias = matchStep(scale->x.getDefiningOp());
  if (!bias || bias->isScale() || !bias->x.hasOneUse())
    return failure();
  auto producer = WeightedOp::of(bias->x.getDefiningOp());
  if (!producer || !producer->isMatMul())
    return failure();
  auto s = scale->along(producer->resultAxis());
  auto b = bias->along(producer->resultAxis());
  if (!s || !b)
    return failure();
  for (auto [value, factor] : llvm::zip_equal(*b, *s))
    value *= factor;
  Location loc = fuseLocations({producer->getOp(), op});
  Value product =
      producer->rebuild(rewriter, loc, producer->getInput(), {}, *s, {});
  Value constant = createConstant(rewriter, loc, vectorType(product, *b), *b);
  rewriter.replaceOpWithNewOp<BinaryOp>(op, BinaryKind::Add, product, constant);
  return success();
}

/// A step in front of a contraction goes into its weight, or its bias.
static LogicalResult foldIntoConsumer(Operation *operation,
                                      PatternRewriter &rewriter) {
  auto consumer = WeightedOp::of(operation);
  if (!consumer || !consumer->getInput().hasOneUse())
    return failure();
  auto step = matchStep(consumer->getInput().getDefiningOp());
  if (!step || (!step->isScale() && !consumer->seesOnlyInput()))
    return failure();
  auto values = step->along(consumer->inputAxis());
  if (!values)
    return failure();
  Location loc = fuseLocations({step->op, operation});
  if (step->isScale()) {
    rewriter.replaceOp(
        operation, consumer->rebuild(rewriter, loc, step->x, *values, {}, {}));
    return success();
  }
  SmallVector<double> shift = consumer->respond(*values);
  Value result = consumer->rebuild(
      rewriter, loc, step->x, {}, {},
      consumer->isMatMul() ? ArrayRef<double>() : ArrayRef<double>(shift));
  if (consumer->isMatMul())
    result = createBinary(
        rewriter, loc, BinaryKind::Add, result,
        createConstant(rewriter, loc, vectorType(result, shift), shift));
  rewriter.replaceOp(operation, result);
  return success();
}

/// The shape of a constant of `own` shape with leading ones up to `rank`.
static SmallVector<int64_t> padShape(ArrayRef<int64_t> own, int64_t rank) {
  SmallVector<int64_t> shape(rank - own.size(), 1);
  llvm::append_range(shape, own);
  return shape;
}

/// mean(x * c) = mean(x) * c where c does not vary along the reduced axes.
static LogicalResult reduceFirst(ReduceOp op, PatternRewriter &rewriter) {
  bool isMean = op.getKind() == ReduceKind::Mean;
  if ((!isMean && op.getKind() != ReduceKind::Sum) ||
      !op.getInput().hasOneUse())
    return failure();
  auto step = matchStep(op.getInput().getDefiningOp());
  if (!step || (!step->isScale() && !isMean))
    return failure();
  SmallVector<int64_t> shape =
      padShape(shapeOfValue(step->constant), rankOf(step->x));
  SmallVector<int64_t> kept;
  for (auto [i, size] : llvm::enumerate(shape)) {
    bool reduced = llvm::is_contained(op.getAxes(), int64_t(i));
    if (reduced && size != 1)
      return failure();
    if (!reduced || op.getKeepdims())
      kept.push_back(size);
  }
  Value reduced =
      ReduceOp::create(rewriter, op.getLoc(), op.getKindAttr(), step->x,
                       op.getAxesAttr(), op.getKeepdimsAttr());
  Value constant = createReshape(rewriter, op.getLoc(), step->constant, kept);
  rewriter.replaceOp(op, createBinary(rewriter, step->op.getLoc(),
                                      step->op.getKind(), reduced, constant));
  return success();
}

static SmallVector<int64_t> withoutOnes(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes;
  llvm::copy_if(shape, std::back_inserter(sizes),
                [](int64_t size) { return size != 1; });
  return sizes;
}

/// A step moves behind a reshape that only adds or drops dimensions of size 1,
/// towards a contraction that may take it.
static LogicalResult reshapeFirst(ReshapeOp op, PatternRewriter &rewriter) {
  Value input = op.getInput();
  if (!input.hasOneUse() || !op->hasOneUse() ||
      !isa<MatMulOp, ConvOp, ReshapeOp>(*op->user_begin()))
    return failure();
  auto step = matchStep(input.getDefiningOp());
  ArrayRef<int64_t> from = shapeOfValue(input);
  ArrayRef<int64_t> to = shapeOfValue(op.getResult());
  if (!step || withoutOnes(from) != withoutOnes(to))
    return failure();
  // Each dimension of the result takes the constant's size in its own
  // dimension of the input.
  SmallVector<int64_t> shape =
      padShape(shapeOfValue(step->constant), from.size());
  SmallVector<int64_t> sizes(to.size(), 1);
  size_t i = 0;
  for (auto [j, size] : llvm::enumerate(to)) {
    if (size == 1)
      continue;
    while (from[i] == 1)
      ++i;
    sizes[j] = shape[i++];
  }
  Value reshaped = createReshape(rewriter, op.getLoc(), step->x, to);
  Value constant = createReshape(rewriter, op.getLoc(), step->constant, sizes);
  rewriter.replaceOp(op, createBinary(rewriter, step->op.getLoc(),
                                      step->op.getKind(), reshaped, constant));
  return success();
}

/// A step behind a transpose moves in front of it, towards the contraction
/// that may take it; the constant varies along one dimension.
static LogicalResult transposeLast(BinaryOp op, PatternRewriter &rewriter) {
  auto step = matchStep(op);
  auto transpose = step ? step->x.getDefiningOp<TransposeOp>() : TransposeOp();
  if (!transpose || !transpose->hasOneUse() ||
      !transpose.getInput().hasOneUse())
    return failure();
  Value y = transpose.getInput();
  auto inner = matchStep(y.getDefiningOp());
  if (!WeightedOp::of((inner ? inner->x : y).getDefiningOp()))
    return failure();
  SmallVector<int64_t> shape =
      padShape(shapeOfValue(step->constant), rankOf(y));
  if (withoutOnes(shape).size() > 1)
    return failure();
  SmallVector<int64_t> sizes(shape.size());
  for (auto [to, from] : llvm::enumerate(transpose.getPermutation()))
    sizes[from] = shape[to];
  Value constant = createReshape(rewriter, op.getLoc(), step->constant, sizes);
  Value result = createBinary(rewriter, op.getLoc(), op.getKind(), y, constant);
  rewriter.replaceOp(op, createTranspose(rewriter, transpose.getLoc(), result,
                                         transpose.getPermutation()));
  return success();
}

/// A step in front of a transpose moves behind it, towards the contraction
/// that may take it; the constant varies along one dimension. Steps of another
/// contraction's result stay with that.
static LogicalResult transposeFirst(TransposeOp op, PatternRewriter &rewriter) {
  Value input = op.getInput();
  if (!input.hasOneUse() || !op->hasOneUse() ||
      !isa<MatMulOp, ConvOp, ReshapeOp>(*op->user_begin()))
    return failure();
  auto step = matchStep(input.getDefiningOp());
  if (!step)
    return failure();
  auto inner = matchStep(step->x.getDefiningOp());
  if (WeightedOp::of((inner ? inner->x : step->x).getDefiningOp()))
    return failure();
  SmallVector<int64_t> shape =
      padShape(shapeOfValue(step->constant), rankOf(input));
  if (withoutOnes(shape).size() > 1)
    return failure();
  SmallVector<int64_t> sizes;
  for (int64_t from : op.getPermutation())
    sizes.push_back(shape[from]);
  Value moved =
      createTranspose(rewriter, op.getLoc(), step->x, op.getPermutation());
  Value constant = createReshape(rewriter, op.getLoc(), step->constant, sizes);
  rewriter.replaceOp(op, createBinary(rewriter, step->op.getLoc(),
                                      step->op.getKind(), moved, constant));
  return success();
}

/// (x * a) * b = x * (a * b), and the same for sums.
static LogicalResult mergeSteps(BinaryOp op, PatternRewriter &rewriter) {
  auto outer = matchStep(op);
  if (!outer || !outer->x.hasOneUse())
    return failure();
  auto inner = matchStep(outer->x.getDefiningOp());
  if (!inner || inner->op.getKind() != op.getKind() ||
      (op.getKind() != BinaryKind::Mul && op.getKind() != BinaryKind::Add))
    return failure();
  Location loc = fuseLocations({inner->op, op});
  Value constant = createBinary(rewriter, loc, op.getKind(), inner->constant,
                                outer->constant);
  rewriter.replaceOp(
      op, createBinary(rewriter, loc, op.getKind(), inner->x, constant));
  return success();
}

/// Reshapes of constants that the steps above make, and products of constants,
/// are folded at once so that the next step sees a constant.
static LogicalResult foldReshapedConstant(ReshapeOp op,
                                          PatternRewriter &rewriter) {
  ElementsAttr value = constantOf(op.getInput());
  if (!value)
    return failure();
  SmallVector<char> storage;
  ArrayRef<char> bytes = constantBytes(value, storage);
  rewriter.replaceOpWithNewOp<ConstantOp>(
      op, makeConstant(cast<RankedTensorType>(op.getType()), bytes));
  return success();
}

namespace {

struct FoldScales : visir::impl::FoldScalesBase<FoldScales> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(foldIntoProducer);
    patterns.add(scaleBeforeBias);
    patterns.add(+[](ConvOp op, PatternRewriter &rewriter) {
      return foldIntoConsumer(op, rewriter);
    });
    patterns.add(+[](ConvTransposeOp op, PatternRewriter &rewriter) {
      return foldIntoConsumer(op, rewriter);
    });
    patterns.add(+[](MatMulOp op, PatternRewriter &rewriter) {
      return foldIntoConsumer(op, rewriter);
    });
    patterns.add(reduceFirst);
    patterns.add(reshapeFirst);
    patterns.add(transposeFirst);
    patterns.add(transposeLast);
    patterns.add(mergeSteps);
    patterns.add(foldReshapedConstant);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
