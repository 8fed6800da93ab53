// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights that were rebuilt from factors have their rank. The two products
// over channels are those of Tucker's decomposition of a convolution.
#include "compiler/transforms/FactorConvs.h"

#include "compiler/transforms/ConvNumbers.h"
#include "compiler/transforms/LowRank.h"
#include "compiler/transforms/Matching.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/FormatVariadic.h"

namespace visir {
#define GEN_PASS_DEF_FACTORCONVS
#include "compiler/transforms/FactorConvs.h.inc"
} // namespace visir

using namespace mlir;
using namespace visir;

static constexpr StringLiteral kName = "factor-convs";
/// What a chain may cost of one convolution.
static constexpr double kGain = 0.9;
/// Weights are elements of matrices at most so large.
static constexpr int64_t kMostWeights = 16 << 20;
static constexpr int64_t kFewestChannels = 8;

/// The largest rank at which a product over channels may pay: as products are
/// not filtered, windows of several steps gain up to a larger share.
static int64_t mostRank(const ConvNumbers &conv, int64_t channels) {
  int64_t out = conv.outChannels(), in = conv.inChannels();
  return conv.taps() > 1 ? channels * 3 / 4
                         : int64_t(kGain * double(out * in) / double(out + in));
}

/// A product over the channels of an image of `spatial` extents.
static ConvNumbers product(ArrayRef<int64_t> image, int64_t out,
                           std::vector<double> weights) {
  ConvNumbers conv;
  conv.in = llvm::to_vector(image);
  conv.out = conv.in;
  conv.out[1] = out;
  unsigned spatial = image.size() - 2;
  conv.kernel.assign(spatial, 1);
  conv.strides.assign(spatial, 1);
  conv.low.assign(spatial, 0);
  conv.high.assign(spatial, 0);
  conv.weights = std::move(weights);
  return conv;
}

/// co x ci x taps as ci x co x taps, and back.
static std::vector<double> swapChannels(ArrayRef<double> weights, int64_t a,
                                        int64_t b, int64_t taps) {
  std::vector<double> result;
  result.reserve(weights.size());
  for (int64_t j = 0; j < b; ++j)
    for (int64_t i = 0; i < a; ++i) {
      auto own = weights.slice((i * b + j) * taps, taps);
      result.insert(result.end(), own.begin(), own.end());
    }
  return result;
}

/// The last convolution of `chain` and a product over its results.
static bool splitOutputs(std::vector<ConvNumbers> &chain) {
  ConvNumbers &conv = chain.back();
  int64_t out = conv.outChannels(), size = conv.inner() * conv.taps();
  auto factors = lowRankOf(conv.weights, out, size, mostRank(conv, out));
  if (!factors)
    return false;
  conv.weights = std::move(factors->right);
  conv.out[1] = factors->rank;
  ConvNumbers behind = product(conv.out, out, std::move(factors->left));
  chain.push_back(std::move(behind));
  return true;
}

/// A product over the inputs of the first convolution of `chain`, and it.
static bool splitInputs(std::vector<ConvNumbers> &chain) {
  ConvNumbers &conv = chain.front();
  int64_t out = conv.outChannels(), in = conv.inner(), taps = conv.taps();
  auto factors = lowRankOf(swapChannels(conv.weights, out, in, taps), in,
                           out * taps, mostRank(conv, in));
  if (!factors)
    return false;
  int64_t rank = factors->rank;
  conv.weights = swapChannels(factors->right, rank, out, taps);
  ConvNumbers front = product(conv.in, rank,
                              swapChannels(factors->left, in, rank, 1));
  conv.in[1] = rank;
  chain.insert(chain.begin(), std::move(front));
  return true;
}

static double costOf(ArrayRef<ConvNumbers> chain) {
  double cost = 0;
  for (const ConvNumbers &conv : chain)
    cost += conv.cost();
  return cost;
}

/// The cheapest chain for a convolution; nothing if that is itself.
static std::vector<ConvNumbers> cheapest(const ConvNumbers &conv) {
  std::vector<ConvNumbers> best;
  double least = kGain * conv.cost();
  auto offer = [&](const std::vector<ConvNumbers> &chain) {
    if (double cost = costOf(chain); cost < least) {
      least = cost;
      best = chain;
    }
  };
  std::vector<ConvNumbers> chain{conv};
  if (splitOutputs(chain)) {
    offer(chain);
    if (conv.taps() > 1 && splitInputs(chain))
      offer(chain);
  }
  chain.assign({conv});
  if (conv.taps() > 1 && splitInputs(chain))
    offer(chain);
  return best;
}

static LogicalResult factorConv(ConvOp op, PatternRewriter &rewriter) {
  if (!isPlainConv(op) || op.getGroups() != 1 ||
      !elementTypeOf(op.getResult()).isF32() || splatOf(op.getWeight()))
    return failure();
  ArrayRef<int64_t> shape = shapeOfValue(op.getWeight());
  if (shape[0] < kFewestChannels || shape[1] < kFewestChannels ||
      ShapedType::getNumElements(shape) > kMostWeights)
    return failure();
  std::vector<ConvNumbers> chain = cheapest(ConvNumbers::of(op));
  if (chain.empty())
    return failure();
  remarkRecognised(op, kName,
                   llvm::formatv("weights of low rank: {0} convolutions",
                                 chain.size()));
  Value value = op.getInput();
  for (const ConvNumbers &conv : chain) {
    bool last = &conv == &chain.back();
    Type type = RankedTensorType::get(conv.out, elementTypeOf(value));
    value = conv.create(rewriter, op.getLoc(), value,
                        last ? op.getBias() : Value(), type);
  }
  rewriter.replaceOp(op, value);
  return success();
}

namespace {

struct FactorConvs : visir::impl::FactorConvsBase<FactorConvs> {
  void runOnOperation() override {
    // Each once: the parts have their full ranks.
    SmallVector<ConvOp> convs;
    getOperation().walk([&](ConvOp op) { convs.push_back(op); });
    PatternRewriter rewriter(&getContext());
    for (ConvOp op : convs) {
      rewriter.setInsertionPoint(op);
      (void)factorConv(op, rewriter);
    }
  }
};

} // namespace
