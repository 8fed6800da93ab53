// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the compiler that makes a self test and the runtime that runs it must
// agree on: how the values of bindings are drawn, and what is noted of the
// results. Both sides run this code. Memory is little-endian.
#ifndef VISIR_RUNTIME_SCHEMA_SELF_TEST_H
#define VISIR_RUNTIME_SCHEMA_SELF_TEST_H

#include "runtime/schema/visir_generated.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

namespace visir::schema {

// Of all bindings of a self test together; larger ones are refused.
constexpr uint64_t kMaxSelfTestBytes = uint64_t(512) << 20;
// Samples of a result; all elements where there are fewer.
constexpr uint32_t kSelfTestSamples = 32;

// A number that looks random (splitmix64).
inline uint64_t selfTestBits(uint32_t stream, uint64_t index) {
  uint64_t bits = (uint64_t(stream) << 40) + index + 1;
  bits *= 0x9e3779b97f4a7c15u;
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
  return bits ^ bits >> 31;
}

// Where sample `index` lies among `elements`.
inline uint64_t selfTestPlace(uint32_t index, uint64_t elements) {
  constexpr uint32_t kStream = 0x5a5a;
  return elements <= kSelfTestSamples ? index
                                      : selfTestBits(kStream, index) % elements;
}

// An odd multiple of 1/256, which every type of floats holds. It is never 0.
inline float selfTestFloat(SelfTestInputs inputs, uint64_t bits) {
  int number = inputs == SelfTestInputs::mixed
                   ? 2 * static_cast<int>(bits & 255) - 255
                   : 2 * static_cast<int>(bits & 63) + 129;
  return static_cast<float>(number) / 256;
}

inline uint64_t selfTestInteger(SelfTestInputs inputs, uint64_t bits) {
  if (inputs == SelfTestInputs::mixed)
    return bits & 3;
  return inputs == SelfTestInputs::positive ? bits & 1 : 0;
}

// The bits of a float that has at most 11 significant ones and is 0.001 .. 1.
inline uint16_t selfTestHalf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  uint32_t exponent = (bits >> 23 & 255) - 127 + 15;
  return static_cast<uint16_t>((bits >> 16 & 0x8000) | exponent << 10 |
                               (bits >> 13 & 0x3ff));
}

// Draws the elements of binding `binding`.
inline void fillSelfTest(DType dtype, SelfTestInputs inputs, uint32_t binding,
                         uint8_t *data, uint64_t elements) {
  for (uint64_t i = 0; i < elements; ++i) {
    uint64_t bits = selfTestBits(binding, i) >> 8;
    float real = selfTestFloat(inputs, bits);
    uint64_t integer = selfTestInteger(inputs, bits);
    uint32_t word;
    memcpy(&word, &real, sizeof(word));
    switch (dtype) {
    case DType::f32:
      memcpy(data + 4 * i, &word, 4);
      break;
    case DType::f64: {
      double wide = static_cast<double>(real);
      memcpy(data + 8 * i, &wide, 8);
      break;
    }
    case DType::f16: {
      uint16_t half = selfTestHalf(real);
      memcpy(data + 2 * i, &half, 2);
      break;
    }
    case DType::bf16: {
      uint16_t upper = static_cast<uint16_t>(word >> 16);
      memcpy(data + 2 * i, &upper, 2);
      break;
    }
    case DType::boolean:
      data[i] = static_cast<uint8_t>(integer & 1);
      break;
    case DType::i8:
    case DType::u8:
      data[i] = static_cast<uint8_t>(integer);
      break;
    case DType::i16:
    case DType::u16:
      memcpy(data + 2 * i, &integer, 2);
      break;
    case DType::i32:
    case DType::u32:
      memcpy(data + 4 * i, &integer, 4);
      break;
    case DType::i64:
    case DType::u64:
      memcpy(data + 8 * i, &integer, 8);
      break;
    case DType::invalid:
      break;
    }
  }
}

template <typename T> double selfTestRead(const uint8_t *data, uint64_t index) {
  T value;
  memcpy(&value, data + index * sizeof(T), sizeof(T));
  return static_cast<double>(value);
}

// Element `index` as a number.
inline double selfTestElement(DType dtype, const uint8_t *data,
                              uint64_t index) {
  switch (dtype) {
  case DType::f32:
    return selfTestRead<float>(data, index);
  case DType::f64:
    return selfTestRead<double>(data, index);
  case DType::f16: {
    uint16_t bits;
    memcpy(&bits, data + 2 * index, 2);
    int exponent = bits >> 10 & 31, part = bits & 0x3ff;
    double size = exponent == 0    ? ldexp(part, -24)
                  : exponent != 31 ? ldexp(part + 1024, exponent - 25)
                  : part == 0      ? HUGE_VAL
                                   : static_cast<double>(NAN);
    return bits >> 15 ? -size : size;
  }
  case DType::bf16: {
    uint16_t upper;
    memcpy(&upper, data + 2 * index, 2);
    uint32_t bits = uint32_t(upper) << 16;
    return selfTestRead<float>(reinterpret_cast<uint8_t *>(&bits), 0);
  }
  case DType::i8:
    return selfTestRead<int8_t>(data, index);
  case DType::u8:
  case DType::boolean:
    return selfTestRead<uint8_t>(data, index);
  case DType::i16:
    return selfTestRead<int16_t>(data, index);
  case DType::u16:
    return selfTestRead<uint16_t>(data, index);
  case DType::i32:
    return selfTestRead<int32_t>(data, index);
  case DType::u32:
    return selfTestRead<uint32_t>(data, index);
  case DType::i64:
    return selfTestRead<int64_t>(data, index);
  case DType::u64:
    return selfTestRead<uint64_t>(data, index);
  case DType::invalid:
    break;
  }
  return 0;
}

// What is noted of a result, as in the table Golden.
struct SelfTestSummary {
  uint64_t finite = 0;
  double sum = 0, magnitude = 0, largest = 0;
  uint32_t sampleCount = 0;
  double samples[kSelfTestSamples] = {};
};

inline SelfTestSummary summarizeSelfTest(DType dtype, const uint8_t *data,
                                         uint64_t elements) {
  SelfTestSummary summary;
  for (uint64_t i = 0; i < elements; ++i) {
    double value = selfTestElement(dtype, data, i);
    if (!isfinite(value))
      continue;
    ++summary.finite;
    summary.sum += value;
    summary.magnitude += fabs(value);
    if (fabs(value) > summary.largest)
      summary.largest = fabs(value);
  }
  summary.sampleCount = elements < kSelfTestSamples
                            ? static_cast<uint32_t>(elements)
                            : kSelfTestSamples;
  for (uint32_t i = 0; i < summary.sampleCount; ++i)
    summary.samples[i] =
        selfTestElement(dtype, data, selfTestPlace(i, elements));
  return summary;
}

} // namespace visir::schema

#endif // VISIR_RUNTIME_SCHEMA_SELF_TEST_H
