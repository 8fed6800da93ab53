// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Evaluate.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Random.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::evaluation;
using namespace visir::random;

namespace {

/// The words of one block of four elements.
struct WordBlock {
  int64_t words[4];

  WordBlock(uint64_t number, uint64_t stream, uint64_t seed);
  /// One round with a key.
  void mix(int64_t key0, int64_t key1);
  double uniform(unsigned lane) const {
    return double(words[lane] >> 8) / double(int64_t(1) << kUniformBits);
  }
  double normal(unsigned lane) const;
};

} // namespace

WordBlock::WordBlock(uint64_t number, uint64_t stream, uint64_t seed)
    : words{int64_t(number & kMask32), int64_t(number >> 32),
            int64_t(stream & kMask32), int64_t(stream >> 32)} {
  int64_t low = int64_t(seed & kMask32), high = int64_t(seed >> 32);
  for (unsigned round = 0; round < kRounds; ++round)
    mix((low + round * kKeySteps[0]) & kMask32,
        (high + round * kKeySteps[1]) & kMask32);
}

void WordBlock::mix(int64_t key0, int64_t key1) {
  auto a = uint64_t(words[0]) * uint64_t(kMultipliers[0]);
  auto b = uint64_t(words[2]) * uint64_t(kMultipliers[1]);
  words[0] = int64_t(b >> 32) ^ words[1] ^ key0;
  words[2] = int64_t(a >> 32) ^ words[3] ^ key1;
  words[1] = int64_t(b & kMask32);
  words[3] = int64_t(a & kMask32);
}

/// The largest number of 25 bits whose square is not above `x`.
static int64_t root(int64_t x) {
  int64_t low = 0, high = int64_t(1) << 25;
  while (high - low > 1) {
    int64_t middle = (low + high) / 2;
    (middle * middle <= x ? low : high) = middle;
  }
  return low;
}

double WordBlock::normal(unsigned lane) const {
  int64_t x = words[lane & 2] | 1, p = words[(lane & 2) + 1], halvings = 1;
  for (; x < int64_t(1) << 31; x *= 2)
    ++halvings;
  x -= int64_t(1) << 31;
  int64_t log = 0, curve = 0;
  for (size_t i = std::size(kLog); i--;)
    log = (log * x >> 31) + kLog[i];
  int64_t r = root(std::max<int64_t>(halvings * kLn2 - (log * x >> 31), 0)
                   << 14);
  p = lane & 1 ? p : (p + (int64_t(1) << 30)) & kMask32;
  int64_t quarter = p >> 30, f = p & ((int64_t(1) << 30) - 1);
  f = quarter & 1 ? (int64_t(1) << 30) - f : f;
  for (size_t i = std::size(kSine); i--;)
    curve = (curve * (f * f >> 30) >> 30) + kSine[i];
  int64_t z = (r * (curve * f >> 30) + (int64_t(1) << 30)) >> 31;
  return double(quarter & 2 ? -z : z) / double(int64_t(1) << kNormalBits);
}

Result visir::evaluation::evaluateRandom(Operation *op, Operands operands) {
  auto random = dyn_cast<RandomOp>(op);
  if (!random)
    return std::nullopt;
  auto type = cast<RankedTensorType>(random.getType());
  auto seed = uint64_t(operands[0].ints()[0]);
  std::vector<double> values(type.getNumElements());
  bool isNormal = random.getKind() == "normal";
  for (size_t first = 0; first < values.size(); first += 4) {
    WordBlock block(first / 4, uint64_t(random.getStream()), seed);
    size_t count = std::min<size_t>(values.size() - first, 4);
    for (unsigned lane = 0; lane < count; ++lane)
      values[first + lane] =
          isNormal ? block.normal(lane) : block.uniform(lane);
  }
  return toBytes(type.getElementType(), values);
}
