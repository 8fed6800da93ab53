// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic on numbers from a file: overflow is reported, never wrapped.
#ifndef VISIR_RUNTIME_BASE_CHECKED_H
#define VISIR_RUNTIME_BASE_CHECKED_H

#include <stdint.h>

namespace visir::runtime {

// True and the sum in *result, or false when it does not fit.
inline bool checkedAdd(uint64_t a, uint64_t b, uint64_t *result) {
  return !__builtin_add_overflow(a, b, result);
}

// True and the product in *result, or false when it does not fit.
inline bool checkedMul(uint64_t a, uint64_t b, uint64_t *result) {
  return !__builtin_mul_overflow(a, b, result);
}

// Whether [offset, offset + size) lies in [0, limit).
inline bool rangeFits(uint64_t offset, uint64_t size, uint64_t limit) {
  return offset <= limit && size <= limit - offset;
}

inline bool isPowerOfTwo(uint64_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

// The multiple of the power of two `alignment` at or above `value`, which
// must be small enough for it.
inline uint64_t alignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

} // namespace visir::runtime

#endif // VISIR_RUNTIME_BASE_CHECKED_H
