// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chains of convolutions with nothing between them, as layers with factorised
// weights export them, and as few convolutions as cost least.
#include "compiler/support/Constants.h"
#include "compiler/transforms/CanonicalizePatterns.h"
#include "compiler/transforms/Matching.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

namespace visir {
#define GEN_PASS_DEF_MERGECONVS
#include "compiler/transforms/Passes.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

/// Channels that a vector holds, about: a few more cost as many.
static constexpr int64_t kLanes = 16;
/// What a window of three by three steps costs where filters are minimal.
static constexpr double kFiltered = 0.5;
/// What a product of a depthwise window costs, for want of reuse.
static constexpr double kDepthwise = 4;
/// Products that reading or writing an element is worth.
static constexpr double kElement = 3;
/// Elements of merged weights at most, which are computed while compiling.
static constexpr int64_t kMostWeights = 16 << 20;

namespace {

/// A convolution by its numbers, two-dimensional or of any other rank.
struct Conv {
  SmallVector<int64_t> in, out; ///< shapes
  SmallVector<int64_t> kernel, strides, low, high;
  int64_t groups = 1;
  std::vector<double> weights; ///< co x ci / groups x kernel

  static Conv of(ConvOp op);
  unsigned spatial() const { return kernel.size(); }
  int64_t inChannels() const { return in[1]; }
  int64_t outChannels() const { return out[1]; }
  int64_t inner() const { return in[1] / groups; }
  int64_t taps() const { return ShapedType::getNumElements(kernel); }
  bool isDepthwise() const { return groups > 1 && groups == outChannels(); }
  double cost() const;
};

} // namespace

static int64_t elementsOf(ArrayRef<int64_t> shape) {
  return ShapedType::getNumElements(shape);
}

Conv Conv::of(ConvOp op) {
  Conv conv;
  conv.in = llvm::to_vector(shapeOfValue(op.getInput()));
  conv.out = llvm::to_vector(shapeOfValue(op.getResult()));
  conv.kernel =
      llvm::to_vector(shapeOfValue(op.getWeight()).drop_front(2));
  conv.strides = llvm::to_vector(op.getStrides());
  ArrayRef<int64_t> pads = op.getPads();
  conv.low = llvm::to_vector(pads.take_front(conv.spatial()));
  conv.high = llvm::to_vector(pads.take_back(conv.spatial()));
  conv.groups = op.getGroups();
  SmallVector<char> storage;
  ElementsAttr constant = constantOf(op.getWeight());
  ArrayRef<char> bytes = constantBytes(constant, storage);
  for (int64_t i = 0; i < constant.getNumElements(); ++i)
    conv.weights.push_back(
        elementAsDouble(bytes, constant.getElementType(), i));
  return conv;
}

/// In products, about.
double Conv::cost() const {
  double traffic = kElement * double(elementsOf(in) + elementsOf(out));
  int64_t points = elementsOf(out) / outChannels();
  if (isDepthwise())
    return kDepthwise * double(elementsOf(out) * taps()) + traffic;
  double products = double(points) * double(taps() * inner()) *
                    double(groups * llvm::alignTo(outChannels() / groups,
                                                  kLanes));
  bool filtered =
      groups == 1 && inChannels() >= kLanes && outChannels() >= kLanes &&
      llvm::count(kernel, 3) == 2 &&
      llvm::all_of(kernel, [](int64_t k) { return k == 1 || k == 3; }) &&
      llvm::all_of(strides, [](int64_t s) { return s == 1; });
  return products * (filtered ? kFiltered : 1) + traffic;
}

/// One convolution for `first` and then `second`, without weights; nothing if
/// there is none: where the second one pads, the first one must give zero
/// outside of its input, and their steps must make a grid without holes.
static std::optional<Conv> compose(const Conv &first, const Conv &second) {
  Conv merged;
  merged.in = first.in;
  merged.out = second.out;
  bool depthwise = first.isDepthwise() && second.isDepthwise() &&
                   first.inner() == 1 && second.inner() == 1;
  merged.groups = depthwise ? first.groups : 1;
  for (unsigned d = 0; d < first.spatial(); ++d) {
    bool one = first.kernel[d] == 1 && first.low[d] == 0 && first.high[d] == 0;
    if ((second.low[d] != 0 || second.high[d] != 0) &&
        !(one && first.strides[d] == 1))
      return std::nullopt;
    if (second.kernel[d] > 1 && first.strides[d] != 1)
      return std::nullopt;
    merged.kernel.push_back(first.kernel[d] + second.kernel[d] - 1);
    merged.strides.push_back(first.strides[d] * second.strides[d]);
    merged.low.push_back(first.low[d] + second.low[d]);
    merged.high.push_back(first.high[d] + second.high[d]);
  }
  if (merged.outChannels() * merged.inner() * merged.taps() > kMostWeights)
    return std::nullopt;
  return merged;
}

/// The tap that taps `a` and `b` of two windows together are.
static int64_t sumOfTaps(const Conv &first, int64_t a, const Conv &second,
                         int64_t b, const Conv &merged) {
  int64_t tap = 0, scale = 1;
  for (unsigned d = first.spatial(); d-- > 0;) {
    tap += (a % first.kernel[d] + b % second.kernel[d]) * scale;
    a /= first.kernel[d];
    b /= second.kernel[d];
    scale *= merged.kernel[d];
  }
  return tap;
}

/// Gives `merged` its weights.
static void multiplyWeights(const Conv &first, const Conv &second,
                            Conv &merged) {
  int64_t taps = merged.taps(), inner = merged.inner();
  merged.weights.assign(merged.outChannels() * inner * taps, 0);
  int64_t middlePerGroup = second.inner();
  int64_t outPerGroup = second.outChannels() / second.groups;
  int64_t firstPerGroup = first.outChannels() / first.groups;
  for (int64_t o = 0; o < second.outChannels(); ++o)
    for (int64_t m = 0; m < middlePerGroup; ++m) {
      int64_t middle = o / outPerGroup * middlePerGroup + m;
      int64_t firstIn = middle / firstPerGroup * first.inner();
      for (int64_t b = 0; b < second.taps(); ++b) {
        double factor =
            second.weights[(o * middlePerGroup + m) * second.taps() + b];
        for (int64_t a = 0; a < first.taps(); ++a) {
          int64_t tap = sumOfTaps(first, a, second, b, merged);
          for (int64_t i = 0; i < first.inner(); ++i) {
            // A depthwise result has one input per group.
            int64_t in = merged.groups > 1 ? 0 : firstIn + i;
            merged.weights[(o * inner + in) * taps + tap] +=
                factor *
                first.weights[(middle * first.inner() + i) * first.taps() + a];
          }
        }
      }
    }
}

/// Whether convolutions behind `op` may take it in: nothing else reads it.
static bool mayContinue(ConvOp op) {
  return op && !op.getBias() && op->hasOneUse();
}

static bool isPlain(ConvOp op) {
  return op && constantOf(op.getWeight()) &&
         isa<FloatType>(elementTypeOf(op.getResult())) &&
         elementsOf(shapeOfValue(op.getResult())) > 0 &&
         llvm::all_of(op.getDilations(), [](int64_t d) { return d == 1; });
}

/// The chain that ends in `last`, in order.
static SmallVector<ConvOp> chainOf(ConvOp last) {
  SmallVector<ConvOp> chain{last};
  while (true) {
    auto before = chain.back().getInput().getDefiningOp<ConvOp>();
    if (!isPlain(before) || !mayContinue(before))
      break;
    chain.push_back(before);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

static std::optional<Conv> composeAll(ArrayRef<Conv> convs) {
  std::optional<Conv> merged = convs.front();
  for (const Conv &next : convs.drop_front())
    if (merged)
      merged = compose(*merged, next);
  return merged;
}

/// Where the pieces begin that cost least together.
static SmallVector<unsigned> cheapestCuts(ArrayRef<Conv> convs) {
  unsigned count = convs.size();
  std::vector<double> best(count + 1, 0);
  SmallVector<unsigned> from(count + 1, 0);
  for (unsigned end = 1; end <= count; ++end) {
    for (unsigned begin = end; begin-- > 0;) {
      auto merged = composeAll(convs.slice(begin, end - begin));
      if (!merged)
        continue;
      double cost = best[begin] + merged->cost();
      if (begin + 1 == end || cost < best[end]) {
        best[end] = cost;
        from[end] = begin;
      }
    }
  }
  SmallVector<unsigned> cuts;
  for (unsigned end = count; end > 0; end = from[end])
    cuts.push_back(from[end]);
  std::reverse(cuts.begin(), cuts.end());
  return cuts;
}

static Value createConv(PatternRewriter &rewriter, Location loc, Value input,
                        const Conv &conv, ConvOp last) {
  Type element = elementTypeOf(input);
  SmallVector<int64_t> shape{conv.outChannels(), conv.inner()};
  llvm::append_range(shape, conv.kernel);
  Value weight = createConstant(rewriter, loc,
                                RankedTensorType::get(shape, element),
                                conv.weights);
  SmallVector<int64_t> pads(conv.low), dilations(conv.spatial(), 1);
  llvm::append_range(pads, conv.high);
  return ConvOp::create(rewriter, loc, last.getType(), input, weight,
                        last.getBias(), conv.strides, pads, dilations,
                        conv.groups);
}

static Conv mergedConv(ArrayRef<Conv> convs) {
  Conv merged = convs.front();
  for (const Conv &next : convs.drop_front()) {
    Conv both = *compose(merged, next);
    multiplyWeights(merged, next, both);
    merged = std::move(both);
  }
  return merged;
}

static LogicalResult mergeChain(ConvOp last, PatternRewriter &rewriter) {
  // The whole chain at its end: what stands behind may not continue it.
  if (!isPlain(last) ||
      (mayContinue(last) && isPlain(dyn_cast<ConvOp>(*last->user_begin()))))
    return failure();
  SmallVector<ConvOp> chain = chainOf(last);
  if (chain.size() < 2)
    return failure();
  std::vector<Conv> convs;
  for (ConvOp op : chain)
    convs.push_back(Conv::of(op));
  SmallVector<unsigned> cuts = cheapestCuts(convs);
  if (cuts.size() == chain.size())
    return failure();
  remarkRecognised(last, "merge-convs",
                   llvm::formatv("{0} convolutions without anything between "
                                 "them become {1}",
                                 chain.size(), cuts.size()));
  Value value = chain.front().getInput();
  for (auto [i, begin] : llvm::enumerate(cuts)) {
    unsigned end = i + 1 < cuts.size() ? cuts[i + 1] : chain.size();
    SmallVector<Operation *> ops(chain.begin() + begin, chain.begin() + end);
    Conv conv = mergedConv(ArrayRef(convs).slice(begin, end - begin));
    value = createConv(rewriter, fuseLocations(ops), value, conv,
                       chain[end - 1]);
  }
  rewriter.replaceOp(last, value);
  return success();
}

/// A product of channels over a reshaped image is one over the image itself.
static LogicalResult reshapeLast(ConvOp op, PatternRewriter &rewriter) {
  auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
  if (!reshape || !isPlain(op))
    return failure();
  Conv conv = Conv::of(op);
  ArrayRef<int64_t> image = shapeOfValue(reshape.getInput());
  auto isOne = [](int64_t value) { return value == 1; };
  auto isZero = [](int64_t value) { return value == 0; };
  if (conv.groups != 1 || !llvm::all_of(conv.kernel, isOne) ||
      !llvm::all_of(conv.strides, isOne) || !llvm::all_of(conv.low, isZero) ||
      !llvm::all_of(conv.high, isZero) || image.size() < 3 ||
      image[0] != conv.in[0] || image[1] != conv.in[1])
    return failure();
  unsigned spatial = image.size() - 2;
  SmallVector<int64_t> shape(image);
  shape[1] = conv.outChannels();
  SmallVector<int64_t> weights{conv.outChannels(), conv.inChannels()};
  weights.append(spatial, 1);
  SmallVector<int64_t> pads(2 * spatial, 0), ones(spatial, 1);
  Value product = ConvOp::create(
      rewriter, op.getLoc(), cast<RankedTensorType>(op.getType()).clone(shape),
      reshape.getInput(),
      createConstant(rewriter, op.getLoc(),
                     RankedTensorType::get(weights, elementTypeOf(op.getWeight())),
                     conv.weights),
      op.getBias(), ones, pads, ones, 1);
  rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), product,
                                       shapeOfValue(op.getResult())));
  return success();
}

namespace {

struct MergeConvs : visir::impl::MergeConvsBase<MergeConvs> {
  void runOnOperation() override {
    // Images get their shapes back first.
    RewritePatternSet images(&getContext()), chains(&getContext());
    images.add(reshapeLast);
    addMovementPatterns(images);
    chains.add(mergeChain);
    if (failed(applyPatternsGreedily(getOperation(), std::move(images))) ||
        failed(applyPatternsGreedily(getOperation(), std::move(chains))))
      signalPassFailure();
  }
};

} // namespace
