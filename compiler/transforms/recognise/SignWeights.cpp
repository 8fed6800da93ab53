// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/recognise/SignWeights.h"

#include "compiler/support/Constants.h"
#include "compiler/transforms/Matching.h"
#include "dialects/visir/Binary.h"

#include <cmath>

using namespace mlir;
using namespace visir;

namespace {

/// The weights of some alternatives, alternatives x outputs x channels x taps,
/// and which of them are taken, one after the other.
struct Source {
  SmallVector<double> weights;
  int64_t alternatives = 1;
  Value index; ///< or null where there is only one
};

/// Bits of one alternative after the other, each kernel x words x outputs, and
/// the magnitude of each output.
struct Bits {
  SmallVector<int64_t> words, others;
  SmallVector<double> magnitudes;
  bool hasZeros = false;
};

/// Sizes of one alternative.
struct Sizes {
  SmallVector<int64_t> kernel;
  int64_t outputs, channels, taps, words;
};

} // namespace

static Value withoutReshape(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  return value;
}

/// Rows that an index chooses from a constant, perhaps only their signs.
static std::optional<Source> chosenRows(Value weight) {
  Value value = withoutReshape(weight);
  UnaryOp sign = unaryOf(value, UnaryKind::Sign);
  if (sign)
    value = withoutReshape(sign.getInput());
  auto gather = value.getDefiningOp<GatherOp>();
  if (!gather || gather.getAxis() != 0 || rankOf(gather.getInput()) == 0)
    return std::nullopt;
  auto weights = constantDoubles(gather.getInput());
  if (!weights)
    return std::nullopt;
  Source source{std::move(*weights), shapeOfValue(gather.getInput())[0],
                gather.getIndices()};
  for (double &w : source.weights)
    if (sign)
      w = double((w > 0) - (w < 0));
  return source;
}

static std::optional<Source> sourceOf(Value weight) {
  if (auto weights = constantDoubles(weight))
    return Source{std::move(*weights), 1, {}};
  return chosenRows(weight);
}

/// Adds the bits and the magnitude of output `o` of alternative `a`.
static bool addOutput(Bits &bits, const Sizes &sizes, ArrayRef<double> own,
                      int64_t a, int64_t o, std::string &reason) {
  double low = INFINITY, high = 0, sum = 0, count = 0;
  int64_t base = a * sizes.taps * sizes.words * sizes.outputs;
  for (auto [i, value] : llvm::enumerate(own)) {
    double magnitude = std::abs(value);
    int64_t channel = int64_t(i) / sizes.taps, tap = int64_t(i) % sizes.taps;
    int64_t at = base + (tap * sizes.words + channel / kSignsPerWord) *
                            sizes.outputs + o;
    // The top bit is the sign of a word.
    int64_t bit = int32_t(uint32_t(1) << channel % kSignsPerWord);
    bits.words[at] |= value > 0 ? bit : 0;
    bits.others[at] |= value >= 0 ? bit : 0;
    if (value == 0) {
      bits.hasZeros = true;
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
    return false;
  }
  bits.magnitudes.push_back(count == 0    ? 0
                            : low == high ? low
                                          : sum / count);
  return true;
}

static std::optional<Bits> bitsOf(const Source &source, const Sizes &sizes,
                                  std::string &reason) {
  Bits bits;
  bits.words.assign(source.alternatives * sizes.taps * sizes.words *
                        sizes.outputs,
                    0);
  bits.others = bits.words;
  int64_t size = sizes.channels * sizes.taps;
  for (int64_t a = 0; a < source.alternatives; ++a)
    for (int64_t o = 0; o < sizes.outputs; ++o)
      if (!addOutput(bits, sizes,
                     ArrayRef(source.weights)
                         .slice((a * sizes.outputs + o) * size, size),
                     a, o, reason))
        return std::nullopt;
  return bits;
}

/// The rows of `constant` that `index` chooses.
static Value chosen(OpBuilder &b, Location loc, Value constant, Value index) {
  ArrayRef<int64_t> row = shapeOfValue(constant).drop_front();
  int64_t count = ShapedType::getNumElements(shapeOfValue(index));
  SmallVector<int64_t> shape{count};
  llvm::append_range(shape, row);
  auto type = RankedTensorType::get(shape, elementTypeOf(constant));
  return GatherOp::create(b, loc, type, constant,
                          createReshape(b, loc, index, count), 0);
}

/// The words of what is chosen: outputs of the alternatives side by side.
static Value wordsOf(OpBuilder &b, ConvOp op, const Source &source,
                     const Sizes &sizes, ArrayRef<int64_t> words) {
  SmallVector<int64_t> shape(sizes.kernel);
  shape.push_back(sizes.words);
  if (!source.index) {
    shape.push_back(sizes.outputs);
    auto type = RankedTensorType::get(
        shape, b.getIntegerType(kSignsPerWord, /*isSigned=*/true));
    return ConstantOp::create(b, op.getWeight().getLoc(),
                              makeConstant(type, words));
  }
  int64_t rows = sizes.taps * sizes.words;
  auto type = RankedTensorType::get(
      {source.alternatives, rows, sizes.outputs},
      b.getIntegerType(kSignsPerWord, /*isSigned=*/true));
  Value all = ConstantOp::create(b, op.getWeight().getLoc(),
                                 makeConstant(type, words));
  Value taken = chosen(b, op.getLoc(), all, source.index);
  taken = createTranspose(b, op.getLoc(), taken, {1, 0, 2});
  shape.push_back(shapeOfValue(op.getWeight())[0]);
  return createReshape(b, op.getLoc(), taken, shape);
}

static Value magnitudesOf(OpBuilder &b, ConvOp op, const Source &source,
                          const Sizes &sizes, ArrayRef<double> magnitudes) {
  if (llvm::all_of(magnitudes, [](double m) { return m == 1; }))
    return {};
  SmallVector<int64_t> along(rankOf(op.getResult()) - 1, 1);
  along[0] = shapeOfValue(op.getWeight())[0];
  Type element = elementTypeOf(op.getResult());
  if (!source.index)
    return createConstant(b, op.getLoc(),
                          RankedTensorType::get(along, element), magnitudes);
  auto type =
      RankedTensorType::get({source.alternatives, sizes.outputs}, element);
  Value all = createConstant(b, op.getLoc(), type, magnitudes);
  return createReshape(b, op.getLoc(),
                       chosen(b, op.getLoc(), all, source.index), along);
}

std::optional<SignWeights> visir::signWeightsOf(OpBuilder &b, ConvOp op,
                                                std::string &reason) {
  std::optional<Source> source = sourceOf(op.getWeight());
  if (!source) {
    reason = "its weights are not constant, nor chosen among constants";
    return std::nullopt;
  }
  ArrayRef<int64_t> shape = shapeOfValue(op.getWeight());
  int64_t taken = source->index ? ShapedType::getNumElements(
                                      shapeOfValue(source->index))
                                : 1;
  int64_t size = ShapedType::getNumElements(shape.drop_front());
  if (taken == 0 || shape[0] % taken != 0 ||
      int64_t(source->weights.size()) !=
          source->alternatives * (shape[0] / taken) * size) {
    reason = "its weights are parts of what an index chooses";
    return std::nullopt;
  }
  Sizes sizes;
  sizes.kernel = llvm::to_vector(shape.drop_front(2));
  sizes.outputs = shape[0] / taken;
  sizes.channels = shape[1];
  sizes.taps = ShapedType::getNumElements(sizes.kernel);
  sizes.words = llvm::divideCeil(sizes.channels, kSignsPerWord);
  auto bits = bitsOf(*source, sizes, reason);
  if (!bits)
    return std::nullopt;
  SignWeights result;
  result.words = wordsOf(b, op, *source, sizes, bits->words);
  if (bits->hasZeros) {
    result.others = wordsOf(b, op, *source, sizes, bits->others);
    for (double &magnitude : bits->magnitudes)
      magnitude /= 2;
  }
  result.magnitudes = magnitudesOf(b, op, *source, sizes, bits->magnitudes);
  return result;
}
