// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The op `visir.random`, and the numbers that its meaning is made of. All that
// compute it share these numbers, and no code.
//
// Philox: ten rounds on the counter c and the key k,
//
//   c = (hi(m1 c2) ^ c1 ^ k0, lo(m1 c2), hi(m0 c0) ^ c3 ^ k1, lo(m0 c0)),
//   k += (w0, w1) after each, in 32 bits.
//
// `normal` of words a, p, with >> rounding down:
//
//   x = a | 1, shifted left by e so that 2^31 <= x < 2^32; t = x - 2^31
//   log: h = c11; h = (h t >> 31) + ck for k = 10 .. 0; L = h t >> 31
//   r: largest integer of 25 bits with r^2 <= max((e + 1) ln2 - L, 0) << 14
//   p += 2^30 mod 2^32 for the cosine; q = p >> 30, f = p mod 2^30;
//   f = 2^30 - f if q is odd
//   sine: y = f f >> 30; h = s5; h = (h y >> 30) + sk for k = 4 .. 0;
//   s = h f >> 30
//   z = (r s + 2^30) >> 31, negated if q > 1; the element is z / 2^21
#ifndef VISIR_DIALECTS_VISIR_RANDOM_H
#define VISIR_DIALECTS_VISIR_RANDOM_H

#include "dialects/visir/Visir.h"

#define GET_OP_CLASSES
#include "dialects/visir/RandomOps.h.inc"

namespace visir::random {

inline constexpr unsigned kRounds = 10;
inline constexpr int64_t kMultipliers[2] = {0xD2511F53, 0xCD9E8D57};
inline constexpr int64_t kKeySteps[2] = {0x9E3779B9, 0xBB67AE85};

inline constexpr int64_t kMask32 = 0xFFFFFFFF;
/// Bits of the elements behind the point.
inline constexpr unsigned kUniformBits = 24, kNormalBits = 21;

/// ln(2), and ln(1 + t) / t for 0 <= t < 1, in units of 2^-31.
inline constexpr int64_t kLn2 = 1488522236;
inline constexpr int64_t kLog[12] = {
    2147483648, -1073741741, 715823849, -536793370, 428713888, -353149770,
    287837044,  -216505097,  136371424, -63995320,  19167587,  -2689906};
/// sin(pi x / 2) / x for y = x^2, 0 <= x <= 1, in units of 2^-30.
inline constexpr int64_t kSine[6] = {1686629713, -693598666, 85569282,
                                     -5026892,   172072,     -3685};

} // namespace visir::random

#endif // VISIR_DIALECTS_VISIR_RANDOM_H
