// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Random.h"

#include <array>
#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

using Words = std::array<uint32_t, 4>;

static Words philox(Words counter, uint32_t key0, uint32_t key1) {
  for (unsigned round = 0; round < random::kRounds; ++round) {
    uint64_t even = uint64_t(random::kMultipliers[0]) * counter[0];
    uint64_t odd = uint64_t(random::kMultipliers[1]) * counter[2];
    counter = {uint32_t(odd >> 32) ^ counter[1] ^ key0, uint32_t(odd),
               uint32_t(even >> 32) ^ counter[3] ^ key1, uint32_t(even)};
    key0 += uint32_t(random::kKeySteps[0]);
    key1 += uint32_t(random::kKeySteps[1]);
  }
  return counter;
}

/// `coefficients` as a polynomial of a number below 2^bits, in as many bits.
static int64_t polynomial(ArrayRef<int64_t> coefficients, int64_t x,
                          unsigned bits) {
  int64_t value = coefficients.back();
  for (int64_t coefficient : llvm::reverse(coefficients.drop_back()))
    value = ((value * x) >> bits) + coefficient;
  return value;
}

/// sqrt(-2 ln((a | 1) / 2^32)) in units of 2^-22.
static int64_t radius(uint32_t a) {
  uint64_t x = a | 1;
  int64_t shift = llvm::countl_zero(uint32_t(x));
  int64_t t = int64_t(x << shift) - (int64_t(1) << 31);
  int64_t log = (polynomial(random::kLog, t, 31) * t) >> 31;
  int64_t square = std::max<int64_t>((shift + 1) * random::kLn2 - log, 0)
                   << 14;
  auto root = int64_t(std::sqrt(double(square)));
  while (root * root > square)
    --root;
  while ((root + 1) * (root + 1) <= square)
    ++root;
  return root;
}

/// sin(2 pi p / 2^32) in units of 2^-30.
static int64_t sine(uint32_t p) {
  int64_t quarter = p >> 30, one = int64_t(1) << 30;
  int64_t x = p & (one - 1);
  if (quarter % 2)
    x = one - x;
  int64_t value = (polynomial(random::kSine, (x * x) >> 30, 30) * x) >> 30;
  return quarter < 2 ? value : -value;
}

static double normal(const Words &words, int64_t lane) {
  uint32_t a = words[lane / 2 * 2], p = words[lane / 2 * 2 + 1];
  int64_t s = sine(lane % 2 ? p : p + (uint32_t(1) << 30));
  int64_t half = int64_t(1) << 30;
  int64_t size = (radius(a) * std::abs(s) + half) >> 31;
  return std::ldexp(double(s < 0 ? -size : size), -int(random::kNormalBits));
}

Evaluated visir::reference::evaluateRandom(RandomOp op,
                                           ArrayRef<Tensor> operands) {
  auto seed = uint64_t(operands[0].data<int64_t>()[0]);
  auto stream = uint64_t(op.getStream());
  Tensor result(resultType(op));
  for (int64_t i = 0; i < result.size(); ++i) {
    auto block = uint64_t(i / 4);
    Words words = philox({uint32_t(block), uint32_t(block >> 32),
                          uint32_t(stream), uint32_t(stream >> 32)},
                         uint32_t(seed), uint32_t(seed >> 32));
    result.data<double>()[i] =
        op.getKind() == "normal"
            ? normal(words, i % 4)
            : std::ldexp(double(words[i % 4] >> 8),
                         -int(random::kUniformBits));
  }
  return Tensors{result};
}
