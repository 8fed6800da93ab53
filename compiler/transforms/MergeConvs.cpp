// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chains of convolutions with nothing between them, as layers with factorised
// weights export them, and as few convolutions as cost least.
#include "compiler/support/Constants.h"
#include "compiler/transforms/CanonicalizePatterns.h"
#include "compiler/transforms/ConvNumbers.h"
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

/// Elements of merged weights at most, which are computed while compiling.
static constexpr int64_t kMostWeights = 16 << 20;

static int64_t elementsOf(ArrayRef<int64_t> shape) {
  return ShapedType::getNumElements(shape);
}

/// One convolution for `first` and then `second`, without weights; nothing if
/// there is none: where the second one pads, the first one must give zero
/// outside of its input, and their steps must make a grid without holes.
static std::optional<ConvNumbers> compose(const ConvNumbers &first,
                                          const ConvNumbers &second) {
  ConvNumbers merged;
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
static int64_t sumOfTaps(const ConvNumbers &first, int64_t a,
                         const ConvNumbers &second, int64_t b,
                         const ConvNumbers &merged) {
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
static void multiplyWeights(const ConvNumbers &first,
                            const ConvNumbers &second, ConvNumbers &merged) {
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

/// The chain that ends in `last`, in order.
static SmallVector<ConvOp> chainOf(ConvOp last) {
  SmallVector<ConvOp> chain{last};
  while (true) {
    auto before = chain.back().getInput().getDefiningOp<ConvOp>();
    if (!isPlainConv(before) || !mayContinue(before))
      break;
    chain.push_back(before);
  }
  std::reverse(chain.begin(), chain.end());
  return chain;
}

static std::optional<ConvNumbers> composeAll(ArrayRef<ConvNumbers> convs) {
  std::optional<ConvNumbers> merged = convs.front();
  for (const ConvNumbers &next : convs.drop_front())
    if (merged)
      merged = compose(*merged, next);
  return merged;
}

/// Where the pieces begin that cost least together.
static SmallVector<unsigned> cheapestCuts(ArrayRef<ConvNumbers> convs) {
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

static ConvNumbers mergedConv(ArrayRef<ConvNumbers> convs) {
  ConvNumbers merged = convs.front();
  for (const ConvNumbers &next : convs.drop_front()) {
    ConvNumbers both = *compose(merged, next);
    multiplyWeights(merged, next, both);
    merged = std::move(both);
  }
  return merged;
}

static LogicalResult mergeChain(ConvOp last, PatternRewriter &rewriter) {
  // The whole chain at its end: what stands behind may not continue it.
  if (!isPlainConv(last) ||
      (mayContinue(last) && isPlainConv(dyn_cast<ConvOp>(*last->user_begin()))))
    return failure();
  SmallVector<ConvOp> chain = chainOf(last);
  if (chain.size() < 2)
    return failure();
  std::vector<ConvNumbers> convs;
  for (ConvOp op : chain)
    convs.push_back(ConvNumbers::of(op));
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
    ConvNumbers conv = mergedConv(ArrayRef(convs).slice(begin, end - begin));
    ConvOp piece = chain[end - 1];
    value = conv.create(rewriter, fuseLocations(ops), value, piece.getBias(),
                        piece.getType());
  }
  rewriter.replaceOp(last, value);
  return success();
}

/// A product of channels over a reshaped image is one over the image itself.
static LogicalResult reshapeLast(ConvOp op, PatternRewriter &rewriter) {
  auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
  if (!reshape || !isPlainConv(op))
    return failure();
  ConvNumbers conv = ConvNumbers::of(op);
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
