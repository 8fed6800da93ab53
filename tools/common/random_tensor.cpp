// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/random_tensor.h"

namespace visir::tools {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014).
class Generator {
public:
  explicit Generator(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // A multiple of 1/1024 in [-1, 1): exact in every floating-point dtype but
  // bf16, where it is cut.
  float uniform() {
    return static_cast<float>(static_cast<int>(next() >> 53) - 1024) / 1024;
  }

private:
  uint64_t state;
};

// Exact for the generator's values.
uint16_t toHalf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  uint32_t sign = bits >> 16 & 0x8000;
  if ((bits & 0x7fffffff) == 0)
    return static_cast<uint16_t>(sign);
  uint32_t exponent = (bits >> 23 & 0xff) - 112;
  return static_cast<uint16_t>(sign | exponent << 10 | (bits >> 13 & 0x3ff));
}

uint16_t toBfloat(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return static_cast<uint16_t>(bits >> 16);
}

} // namespace

void fillRandom(rt::Tensor &tensor, uint64_t seed) {
  Generator generator(seed);
  uint32_t size = visir_dtype_bytes(tensor.dtype());
  for (size_t i = 0; i < tensor.elements(); ++i) {
    switch (tensor.dtype()) {
    case VISIR_F32:
      tensor.as<float>()[i] = generator.uniform();
      break;
    case VISIR_F64:
      tensor.as<double>()[i] = generator.uniform();
      break;
    case VISIR_F16:
      tensor.as<uint16_t>()[i] = toHalf(generator.uniform());
      break;
    case VISIR_BF16:
      tensor.as<uint16_t>()[i] = toBfloat(generator.uniform());
      break;
    default:
      tensor.as<uint8_t>()[i * size] = generator.next() >> 63;
    }
  }
}

} // namespace visir::tools
