// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions of signs with weights of one magnitude per output channel. The
// scheme and its traps are those of Rastegari et al., XNOR-Net, 2016, and of
// Liu et al., ReActNet, 2020.
#include "compiler/transforms/recognise/BinaryConv.h"

#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Weights.h"
#include "dialects/visir/Binary.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#include <cmath>

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

/// Bits of weights, and a magnitude per output channel. A weight of 0 is half
/// the sum of +1 and -1: `others` are then the bits with zeros as +1.
struct Bits {
  SmallVector<int64_t> words, others;
  SmallVector<double> magnitudes;
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

/// Words of bits, kernel x words x outputs, of the weights of a conv; nothing,
/// and `reason` says why, if an output has weights of several magnitudes.
static std::optional<Bits> bitsOf(ConvOp op, std::string &reason) {
  auto weights = constantDoubles(op.getWeight());
  if (!weights) {
    reason = "its weights are not constant";
    return std::nullopt;
  }
  ArrayRef<int64_t> shape = shapeOfValue(op.getWeight());
  int64_t outputs = shape[0], channels = shape[1];
  int64_t taps = ShapedType::getNumElements(shape.drop_front(2));
  int64_t words = llvm::divideCeil(channels, kSignsPerWord);
  Bits bits;
  bool hasZeros = false;
  bits.words.assign(taps * words * outputs, 0);
  bits.others = bits.words;
  for (int64_t o = 0; o < outputs; ++o) {
    auto own = ArrayRef(*weights).slice(o * channels * taps, channels * taps);
    double low = INFINITY, high = 0, sum = 0, count = 0;
    for (auto [i, value] : llvm::enumerate(own)) {
      double magnitude = std::abs(value);
      int64_t channel = int64_t(i) / taps, tap = int64_t(i) % taps;
      int64_t at = (tap * words + channel / kSignsPerWord) * outputs + o;
      // The top bit is the sign of a word.
      int64_t bit = int32_t(uint32_t(1) << channel % kSignsPerWord);
      bits.words[at] |= value > 0 ? bit : 0;
      bits.others[at] |= value >= 0 ? bit : 0;
      if (value == 0) {
        hasZeros = true;
        continue;
      }
      low = std::min(low, magnitude);
      high = std::max(high, magnitude);
      sum += magnitude;
      ++count;
    }
    if (!(low > 0) || !(high <= low * (1 + 0x1p-12))) {
      reason = "magnitudes of the weights of output " + std::to_string(o) +
               " are " + std::to_string(low) + " to " + std::to_string(high) +
               ", expected one";
      return std::nullopt;
    }
    bits.magnitudes.push_back(count == 0    ? 0
                              : low == high ? low
                                            : sum / count);
  }
  if (!hasZeros)
    bits.others.clear();
  return bits;
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

/// The same that broadcasts along the channels of N x C x spatial.
static Value alongChannels(PatternRewriter &rewriter, ConvOp op,
                           ArrayRef<double> values) {
  SmallVector<int64_t> shape(rankOf(op.getResult()) - 1, 1);
  shape[0] = int64_t(values.size());
  auto type = RankedTensorType::get(shape, elementTypeOf(op.getResult()));
  return createConstant(rewriter, op.getLoc(), type, values);
}

static LogicalResult recogniseConv(ConvOp op, PatternRewriter &rewriter) {
  std::optional<Signs> signs = signsOf(op.getInput());
  if (!signs || signs->of.getType() != op.getInput().getType())
    return failure();
  std::string reason;
  std::optional<Bits> bits;
  if (op.getGroups() != 1)
    reason = "it has groups";
  else
    bits = bitsOf(op, reason);
  if (!bits) {
    remarkMissed(op, kName, "conv of signs: " + reason);
    return failure();
  }
  Affine affine(withoutClip(signs->of));
  while (affine.step())
    ;
  Location loc = op.getLoc();
  Type element = elementTypeOf(op.getInput());
  ArrayRef<int64_t> shape = shapeOfValue(op.getWeight());
  SmallVector<int64_t> packed(shape.drop_front(2));
  packed.append({int64_t(llvm::divideCeil(shape[1], kSignsPerWord)), shape[0]});
  auto type = RankedTensorType::get(
      packed, rewriter.getIntegerType(kSignsPerWord, /*isSigned=*/true));
  Value scale = perChannel(rewriter, loc, element, affine.scale, 1);
  Value shift = perChannel(rewriter, loc, element, affine.shift, 0);
  auto convolve = [&](ArrayRef<int64_t> words) -> Value {
    Value weight = ConstantOp::create(rewriter, op.getWeight().getLoc(),
                                      makeConstant(type, words));
    return BinaryConvOp::create(rewriter, loc, affine.value, weight, scale,
                                shift, op.getStrides(), op.getPads(),
                                op.getDilations(), signs->atZero);
  };
  remarkRecognised(op, kName, "binary convolution");
  Value result = convolve(bits->words);
  if (!bits->others.empty()) {
    result = createBinary(rewriter, loc, BinaryKind::Add, result,
                          convolve(bits->others));
    for (double &magnitude : bits->magnitudes)
      magnitude /= 2;
  }
  if (llvm::any_of(bits->magnitudes, [](double m) { return m != 1; }))
    result = createBinary(rewriter, loc, BinaryKind::Mul, result,
                          alongChannels(rewriter, op, bits->magnitudes));
  if (Value bias = op.getBias()) {
    SmallVector<int64_t> along(rankOf(result) - 1, 1);
    along[0] = shape[0];
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
