// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>
#include <numeric>

namespace visir {
#define GEN_PASS_DEF_RECOGNISEATTENTION
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// Masks at or below this leave nothing of an element after the softmax.
static constexpr double maskedOut = -1e30;

namespace {
/// Something added to the scores; it broadcasts to their shape at that place,
/// and the reshapes lie between there and the product.
struct Mask {
  Value value;
  SmallVector<ReshapeOp> reshapes;
};

/// scale * product + masks, as found from the softmax towards the product.
struct Scores {
  MatMulOp product;
  double scale = 1;
  SmallVector<Mask> masks;
};
} // namespace

static ArrayRef<int64_t> lead(Value value) {
  return shapeOfValue(value).drop_back(2);
}

static SmallVector<int64_t> withoutOnes(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes;
  llvm::copy_if(shape, std::back_inserter(sizes),
                [](int64_t size) { return size != 1; });
  return sizes;
}

/// `mask`, which broadcasts to `from`, for scores of shape `to`, which has the
/// same dimensions but for some of size 1 among the leading ones. Null when
/// the mask's dimensions do not tell.
static Value reshapeMask(Value mask, ArrayRef<int64_t> from,
                         ArrayRef<int64_t> to, PatternRewriter &rewriter) {
  SmallVector<int64_t> own(from.size() - rankOf(mask), 1);
  llvm::append_range(own, shapeOfValue(mask));
  SmallVector<int64_t> sizes(to.size(), 1);
  size_t i = 0;
  for (auto [j, size] : llvm::enumerate(to)) {
    if (size == 1)
      continue;
    while (from[i] == 1)
      ++i;
    sizes[j] = own[i++];
  }
  return createReshape(rewriter, mask.getLoc(), mask, sizes);
}

/// Whether the last two dimensions stay and the others differ by ones only.
static bool keepsRows(ReshapeOp op) {
  ArrayRef<int64_t> from = shapeOfValue(op.getInput());
  ArrayRef<int64_t> to = shapeOfValue(op.getResult());
  return from.size() >= 2 && to.size() >= 2 &&
         from.take_back(2) == to.take_back(2) &&
         withoutOnes(from) == withoutOnes(to);
}

/// Whether scores come to `value` from a matrix product.
static bool leadsToProduct(Value value, int depth = 0) {
  if (value.getDefiningOp<MatMulOp>())
    return true;
  if (depth > 6)
    return false;
  if (auto scaled = matchScaled(value))
    return leadsToProduct(scaled->value, depth + 1);
  if (auto reshape = value.getDefiningOp<ReshapeOp>())
    return leadsToProduct(reshape.getInput(), depth + 1);
  BinaryOp add = binaryOf(value, BinaryKind::Add);
  return add && (leadsToProduct(add.getLhs(), depth + 1) ||
                 leadsToProduct(add.getRhs(), depth + 1));
}

/// The scores under an add of a mask, and the mask.
static Value matchMaskAdd(Value value, Value &mask) {
  BinaryOp add = binaryOf(value, BinaryKind::Add);
  if (!add)
    return {};
  for (Value side : {add.getLhs(), add.getRhs()})
    if (side.getType() == value.getType() && leadsToProduct(side)) {
      mask = side == add.getLhs() ? add.getRhs() : add.getLhs();
      return side;
    }
  return {};
}

/// The scores under a select that hides some of them.
static Value matchMaskSelect(SelectOp select) {
  for (auto [fill, side] :
       {std::make_pair(select.getOnTrue(), select.getOnFalse()),
        std::make_pair(select.getOnFalse(), select.getOnTrue())}) {
    std::optional<double> hidden = splatOf(fill);
    if (hidden && *hidden <= maskedOut && side.getType() == select.getType() &&
        leadsToProduct(side))
      return side;
  }
  return {};
}

/// Follows scores to their product. All on the way must have one use, else
/// they are needed anyway.
static std::optional<Scores> matchScores(Value value) {
  Scores scores;
  for (int depth = 0; depth < 8 && value.hasOneUse(); ++depth) {
    if (auto product = value.getDefiningOp<MatMulOp>()) {
      scores.product = product;
      return scores;
    }
    if (auto scaled = matchScaled(value)) {
      scores.scale *= scaled->factor;
      value = scaled->value;
      continue;
    }
    if (auto reshape = value.getDefiningOp<ReshapeOp>()) {
      if (!keepsRows(reshape))
        return std::nullopt;
      for (Mask &mask : scores.masks)
        mask.reshapes.push_back(reshape);
      value = reshape.getInput();
      continue;
    }
    // What is added must not be scaled afterwards.
    if (scores.scale != 1)
      return std::nullopt;
    Value mask, side = matchMaskAdd(value, mask);
    auto select = value.getDefiningOp<SelectOp>();
    if (!side && select) {
      side = matchMaskSelect(select);
      mask = select.getResult();
    }
    if (!side)
      return std::nullopt;
    scores.masks.push_back({mask, {}});
    value = side;
  }
  return std::nullopt;
}

/// The tensor that a mask adds to the product's scores.
static Value buildMask(const Mask &mask, Location loc,
                       PatternRewriter &rewriter) {
  Value value = mask.value;
  auto select = value.getDefiningOp<SelectOp>();
  if (select && matchMaskSelect(select)) {
    bool hidesTrue = splatOf(select.getOnTrue()).has_value();
    Value fill = hidesTrue ? select.getOnTrue() : select.getOnFalse();
    Value zero =
        createSplat(rewriter, loc, cast<RankedTensorType>(fill.getType()), 0);
    value = SelectOp::create(rewriter, loc, select.getCondition(),
                             hidesTrue ? fill : zero, hidesTrue ? zero : fill);
  }
  for (ReshapeOp reshape : mask.reshapes)
    value = reshapeMask(value, shapeOfValue(reshape.getResult()),
                        shapeOfValue(reshape.getInput()), rewriter);
  return value;
}

/// `value` without a splat factor, which goes into `scale`; movement between
/// the factor and the product is made anew on the unscaled value.
static Value stripScale(Value value, double &scale, PatternRewriter &rewriter) {
  if (auto scaled = matchScaled(value)) {
    scale *= scaled->factor;
    return stripScale(scaled->value, scale, rewriter);
  }
  Operation *op = value.getDefiningOp();
  if (!op || !isa<TransposeOp, ReshapeOp>(op) || !op->hasOneUse())
    return value;
  double inner = 1;
  Value stripped = stripScale(op->getOperand(0), inner, rewriter);
  if (inner == 1)
    return value;
  scale *= inner;
  Operation *moved = rewriter.clone(*op);
  moved->setOperand(0, stripped);
  return moved->getResult(0);
}

/// Whether a constant mask hides exactly what lies right of the diagonal.
static bool isCausal(Value mask) {
  ArrayRef<int64_t> shape = shapeOfValue(mask);
  auto values = constantDoubles(mask);
  if (!values || shape.size() < 2)
    return false;
  int64_t rows = shape[shape.size() - 2], columns = shape.back();
  if (rows * columns != int64_t(values->size()) || columns == 1)
    return false;
  for (int64_t m = 0; m < rows; ++m)
    for (int64_t n = 0; n < columns; ++n) {
      double value = (*values)[m * columns + n];
      if (n <= m ? value != 0 : value > maskedOut)
        return false;
    }
  return true;
}

/// Whether some row of a mask may hide everything, as far as is known.
static bool mayHideRows(ArrayRef<Mask> masks) {
  return llvm::any_of(masks, [](const Mask &mask) {
    auto values = constantDoubles(mask.value);
    return !values ||
           (!isCausal(mask.value) &&
            llvm::any_of(*values, [](double v) { return v <= maskedOut; }));
  });
}

/// The softmax under `value`, and under a select that replaces its NaNs.
static SoftmaxOp matchProbabilities(Value value, bool &replacesNaN) {
  auto softmax = value.getDefiningOp<SoftmaxOp>();
  if (softmax)
    return softmax;
  auto select = value.getDefiningOp<SelectOp>();
  UnaryOp isNaN =
      select ? unaryOf(select.getCondition(), UnaryKind::IsNaN) : UnaryOp();
  if (!isNaN || isNaN.getInput() != select.getOnFalse() ||
      !isSplat(select.getOnTrue(), 0))
    return {};
  replacesNaN = true;
  return isNaN.getInput().getDefiningOp<SoftmaxOp>();
}

/// Says why something that looks like attention is not taken for it.
static LogicalResult nearMiss(Operation *op, const Twine &reason,
                              PatternRewriter &rewriter) {
  remarkMissed(op, "recognise-attention", reason);
  return rewriter.notifyMatchFailure(op, reason);
}

static LogicalResult recogniseAttention(MatMulOp op,
                                        PatternRewriter &rewriter) {
  bool replacesNaN = false;
  SoftmaxOp softmax = matchProbabilities(op.getLhs(), replacesNaN);
  if (!softmax || softmax.getLog() ||
      int64_t(softmax.getAxis()) != rankOf(softmax.getResult()) - 1)
    return failure();
  if (!op.getLhs().hasOneUse() ||
      (!replacesNaN && !softmax.getResult().hasOneUse()))
    return nearMiss(op, "the softmax has other uses", rewriter);
  auto scores = matchScores(softmax.getInput());
  if (!scores)
    return nearMiss(op, "the scores are no scaled and masked product",
                    rewriter);
  if (replacesNaN && mayHideRows(scores->masks))
    return nearMiss(op, "the mask may hide a whole row", rewriter);
  MatMulOp product = scores->product;
  Value query = product.getLhs(), keys = product.getRhs();
  Value value = op.getRhs();
  if (lead(query) != lead(keys) || lead(query) != lead(product.getResult()))
    return nearMiss(op, "query and key have other leading dimensions",
                    rewriter);
  // Ones that the scores gained or lost on the way are put back.
  SmallVector<int64_t> rows(lead(query));
  llvm::append_range(rows, shapeOfValue(value).take_back(2));
  bool sameLead = lead(value) == lead(query);
  if (!sameLead && withoutOnes(lead(value)) != withoutOnes(lead(query)))
    return nearMiss(op, "key and value have other leading dimensions",
                    rewriter);
  double scale = scores->scale;
  Location loc = fuseLocations({product, softmax, op});
  query = stripScale(query, scale, rewriter);
  keys = stripScale(keys, scale, rewriter);
  SmallVector<int64_t> swap(rankOf(keys));
  std::iota(swap.begin(), swap.end(), 0);
  std::swap(swap[swap.size() - 1], swap[swap.size() - 2]);
  Value key = createTranspose(rewriter, loc, keys, swap);
  value = createReshape(rewriter, loc, value, rows);
  bool causal = false;
  Value mask;
  for (const Mask &found : scores->masks) {
    Value part = buildMask(found, loc, rewriter);
    if (!causal && isCausal(part)) {
      causal = true;
      continue;
    }
    mask =
        mask ? createBinary(rewriter, loc, BinaryKind::Add, mask, part) : part;
  }
  remarkRecognised(op, "recognise-attention",
                   Twine("attention") + (mask ? ", masked" : "") +
                       (causal ? ", causal" : ""));
  Value result = AttentionOp::create(rewriter, loc, query, key, value, mask,
                                     APFloat(scale), causal);
  rewriter.replaceOp(
      op, createReshape(rewriter, loc, result, shapeOfValue(op.getResult())));
  return success();
}

namespace {

struct RecogniseAttention
    : visir::impl::RecogniseAttentionBase<RecogniseAttention> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(recogniseAttention);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
