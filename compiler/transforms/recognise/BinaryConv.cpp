// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions of signs with weights of one magnitude per output channel. The
// scheme and its traps are those of Rastegari et al., XNOR-Net, 2016, and of
// Liu et al., ReActNet, 2020.
#include "compiler/transforms/recognise/BinaryConv.h"

#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Weights.h"
#include "compiler/transforms/recognise/SignWeights.h"
#include "dialects/visir/Binary.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace visir {
#define GEN_PASS_DEF_RECOGNISEBINARYCONV
#include "compiler/transforms/recognise/BinaryConv.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

static constexpr StringLiteral kName = "recognise-binary-conv";

namespace {

/// The signs of a value, `atZero` where it is 0.
struct Signs {
  Value of;
  int64_t atZero = 0;
};

} // namespace

/// What stands behind (s - q) + q, which is s but for rounding.
static Value withoutEstimator(Value value) {
  BinaryOp add = binaryOf(value, BinaryKind::Add);
  if (!add)
    return value;
  for (auto [left, right] : {std::pair(add.getLhs(), add.getRhs()),
                             std::pair(add.getRhs(), add.getLhs())})
    if (BinaryOp sub = binaryOf(left, BinaryKind::Sub))
      if (sub.getRhs() == right && sub.getLhs().getType() == value.getType())
        return sub.getLhs();
  return value;
}

/// Signs as a comparison of x with 0 that gives `whenTrue`, else the other.
static std::optional<Signs> signsOfCompare(Value condition, bool whenTrue) {
  auto compare = condition.getDefiningOp<CompareOp>();
  if (!compare || !isa<FloatType>(elementTypeOf(compare.getLhs())) ||
      compare.getLhs().getType() !=
          RankedTensorType::get(shapeOfValue(condition),
                                elementTypeOf(compare.getLhs())) ||
      !isSplat(compare.getRhs(), 0))
    return std::nullopt;
  bool upward = compare.getKind() == CompareKind::Greater ||
                compare.getKind() == CompareKind::GreaterEqual;
  bool downward = compare.getKind() == CompareKind::Less ||
                  compare.getKind() == CompareKind::LessEqual;
  bool takesZero = compare.getKind() == CompareKind::GreaterEqual ||
                   compare.getKind() == CompareKind::LessEqual;
  if ((!upward && !downward) || upward != whenTrue)
    return std::nullopt;
  return Signs{compare.getLhs(), takesZero == whenTrue ? 1 : -1};
}

/// where(x >= 0, 1, -1) and its like.
static std::optional<Signs> signsOfSelect(Value value) {
  auto select = value.getDefiningOp<SelectOp>();
  if (!select)
    return std::nullopt;
  bool up = isSplat(select.getOnTrue(), 1) && isSplat(select.getOnFalse(), -1);
  bool down =
      isSplat(select.getOnTrue(), -1) && isSplat(select.getOnFalse(), 1);
  if (!up && !down)
    return std::nullopt;
  return signsOfCompare(select.getCondition(), up);
}

/// 2 * cast(x >= 0) - 1, or 1 - 2 * cast(x < 0).
static std::optional<Signs> signsOfCast(Value value) {
  double factor = 0;
  Value scaled;
  if (auto shifted = matchShifted(value); shifted && shifted->factor == -1)
    scaled = shifted->value, factor = 2;
  BinaryOp sub = binaryOf(value, BinaryKind::Sub);
  if (sub && isSplat(sub.getLhs(), 1))
    scaled = sub.getRhs(), factor = -2;
  if (!scaled)
    return std::nullopt;
  auto times = matchScaled(scaled);
  if (!times || std::abs(times->factor) != 2)
    return std::nullopt;
  auto cast = times->value.getDefiningOp<CastOp>();
  if (!cast || !elementTypeOf(cast.getInput()).isInteger(1))
    return std::nullopt;
  bool up = factor == times->factor;
  if (!up && factor != -times->factor)
    return std::nullopt;
  return signsOfCompare(cast.getInput(), up);
}

static std::optional<Signs> signsOf(Value value) {
  if (auto signs = signsOfSelect(value))
    return signs;
  if (auto signs = signsOfCast(value))
    return signs;
  UnaryOp sign = unaryOf(value, UnaryKind::Sign);
  if (!sign || !isa<FloatType>(elementTypeOf(value)))
    return std::nullopt;
  // sign(sign(x) + c) turns zeros into signs of c.
  if (auto shifted = matchShifted(sign.getInput()))
    if (UnaryOp inner = unaryOf(shifted->value, UnaryKind::Sign))
      if (double c = shifted->factor; c != 0 && std::abs(c) < 1)
        return Signs{inner.getInput(), c > 0 ? 1 : -1};
  return Signs{sign.getInput(), 0};
}

static LogicalResult removeEstimator(BinaryOp op, PatternRewriter &rewriter) {
  Value value = withoutEstimator(op.getResult());
  if (value == op.getResult() || !signsOf(value))
    return failure();
  rewriter.replaceOp(op, value);
  return success();
}

/// A clip whose bounds lie on both sides of 0 keeps signs.
static Value withoutClip(Value value) {
  if (auto clip = matchClip(value))
    if ((!clip->low || *clip->low < 0) && (!clip->high || *clip->high > 0))
      return clip->value;
  return value;
}

namespace {
/// scale * value + shift per channel.
struct Affine {
  Value value;
  SmallVector<double> scale, shift;

  explicit Affine(Value value)
      : value(value), scale(shapeOfValue(value)[1], 1),
        shift(shapeOfValue(value)[1], 0) {}

  /// Takes the op that makes the value along; false where it cannot.
  bool step();
};
} // namespace

bool Affine::step() {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op)
    return false;
  BinaryKind kind = op.getKind();
  bool commutes = kind == BinaryKind::Add || kind == BinaryKind::Mul;
  if (!commutes && kind != BinaryKind::Sub)
    return false;
  Value from = op.getLhs(), parameter = op.getRhs();
  auto values = valuesAlong(parameter, shapeOfValue(value), 1);
  if (!values && commutes) {
    std::swap(from, parameter);
    values = valuesAlong(parameter, shapeOfValue(value), 1);
  }
  if (!values || from.getType() != value.getType())
    return false;
  // What others read stands in memory: reading its operand instead pays only
  // where that does, too.
  if (!value.hasOneUse() && from.hasOneUse())
    return false;
  for (auto [s, t, c] : llvm::zip_equal(scale, shift, *values)) {
    if (kind == BinaryKind::Mul)
      s *= c;
    else
      t += kind == BinaryKind::Add ? s * c : -s * c;
  }
  value = from;
  return true;
}

/// A constant of one element per channel; null where all are `neutral`.
static Value perChannel(PatternRewriter &rewriter, Location loc, Type element,
                        ArrayRef<double> values, double neutral) {
  if (llvm::all_of(values, [&](double v) { return v == neutral; }))
    return {};
  auto type = RankedTensorType::get({int64_t(values.size())}, element);
  return createConstant(rewriter, loc, type, values);
}

/// The signs that a conv reads, perhaps through a reshape.
static std::optional<Signs> signsOfInput(Value input) {
  auto signs = signsOf(input);
  if (auto reshape = input.getDefiningOp<ReshapeOp>(); !signs && reshape)
    signs = signsOf(input = reshape.getInput());
  if (signs && signs->of.getType() != input.getType())
    return std::nullopt;
  return signs;
}

/// Whether the words of a group are worth their bits.
static bool fillsWords(int64_t channels) {
  constexpr int64_t kFewest = 8;
  return channels % kSignsPerWord == 0 ||
         (channels >= kFewest && channels < kSignsPerWord);
}

static LogicalResult recogniseConv(ConvOp op, PatternRewriter &rewriter) {
  std::optional<Signs> signs = signsOfInput(op.getInput());
  if (!signs)
    return failure();
  std::string reason;
  std::optional<SignWeights> weights;
  if (int64_t channels = shapeOfValue(op.getWeight())[1];
      op.getGroups() != 1 && !fillsWords(channels))
    reason = "a group has " + std::to_string(channels) +
             " channels, expected 8 to 32 or a multiple of 32";
  else
    weights = signWeightsOf(rewriter, op, reason);
  if (!weights) {
    remarkMissed(op, kName, "conv of signs: " + reason);
    return failure();
  }
  Location loc = op.getLoc();
  Value of = signs->of;
  if (of.getType() != op.getInput().getType())
    of = createReshape(rewriter, loc, of, shapeOfValue(op.getInput()));
  Affine affine(withoutClip(of));
  while (affine.step())
    ;
  Type element = elementTypeOf(op.getInput());
  Value scale = perChannel(rewriter, loc, element, affine.scale, 1);
  Value shift = perChannel(rewriter, loc, element, affine.shift, 0);
  auto convolve = [&](Value words) -> Value {
    return BinaryConvOp::create(rewriter, loc, affine.value, words, scale,
                                shift, op.getStrides(), op.getPads(),
                                op.getDilations(), signs->atZero,
                                op.getGroups());
  };
  remarkRecognised(op, kName, "binary convolution");
  Value result = convolve(weights->words);
  if (weights->others)
    result = createBinary(rewriter, loc, BinaryKind::Add, result,
                          convolve(weights->others));
  if (weights->magnitudes)
    result = createBinary(rewriter, loc, BinaryKind::Mul, result,
                          weights->magnitudes);
  if (Value bias = op.getBias()) {
    SmallVector<int64_t> along(rankOf(result) - 1, 1);
    along[0] = shapeOfValue(op.getWeight())[0];
    result = createBinary(rewriter, loc, BinaryKind::Add, result,
                          createReshape(rewriter, loc, bias, along));
  }
  rewriter.replaceOp(op, result);
  return success();
}

namespace {

void addEstimators(RewritePatternSet &patterns) {
  patterns.add(removeEstimator);
}

void addConvs(RewritePatternSet &patterns) { patterns.add(recogniseConv); }

struct RecogniseBinaryConv
    : visir::impl::RecogniseBinaryConvBase<RecogniseBinaryConv> {
  void runOnOperation() override {
    // Estimators first: what only they use counts as a reader until then.
    for (auto run : {&addEstimators, &addConvs}) {
      RewritePatternSet patterns(&getContext());
      run(patterns);
      if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
        return signalPassFailure();
    }
  }
};

} // namespace
