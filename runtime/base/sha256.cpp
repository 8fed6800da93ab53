// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/base/sha256.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace visir::runtime {
namespace {

// Fractions of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
alignas(16) constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t rotateRight(uint32_t x, int n) { return (x >> n) | (x << (32 - n)); }

uint32_t loadBigEndian(const uint8_t *p) {
  return uint32_t(p[0]) << 24 | uint32_t(p[1]) << 16 | uint32_t(p[2]) << 8 |
         p[3];
}

void expandMessage(uint32_t w[64], const uint8_t *block) {
  for (int i = 0; i < 16; ++i)
    w[i] = loadBigEndian(block + 4 * i);
  for (int i = 16; i < 64; ++i) {
    uint32_t a = w[i - 15], b = w[i - 2];
    uint32_t s0 = rotateRight(a, 7) ^ rotateRight(a, 18) ^ (a >> 3);
    uint32_t s1 = rotateRight(b, 17) ^ rotateRight(b, 19) ^ (b >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
}

void compressPortable(uint32_t state[8], const uint8_t *blocks, size_t count) {
  for (; count != 0; --count, blocks += 64) {
    uint32_t w[64];
    expandMessage(w, blocks);
    uint32_t s[8]; // a .. h
    memcpy(s, state, sizeof(s));
    for (int i = 0; i < 64; ++i) {
      uint32_t e = s[4], a = s[0];
      uint32_t sum1 =
          rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
      uint32_t choice = (e & s[5]) ^ (~e & s[6]);
      uint32_t t1 = s[7] + sum1 + choice + kRound[i] + w[i];
      uint32_t sum0 =
          rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
      uint32_t majority = (a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]);
      memmove(s + 1, s, 7 * sizeof(uint32_t));
      s[4] += t1;
      s[0] = t1 + sum0 + majority;
    }
    for (int i = 0; i < 8; ++i)
      state[i] += s[i];
  }
}

#if defined(__x86_64__)
// With the SHA extension: the instructions want the state as (a,b,e,f) and
// (c,d,g,h), most significant word first.
__attribute__((target("sha,sse4.1,ssse3"))) void
compressX86(uint32_t state[8], const uint8_t *blocks, size_t count) {
  const __m128i bigEndian =
      _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i dcba = _mm_loadu_si128(reinterpret_cast<__m128i *>(state));
  __m128i hgfe = _mm_loadu_si128(reinterpret_cast<__m128i *>(state + 4));
  __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
  __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
  __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  for (; count != 0; --count, blocks += 64) {
    __m128i savedAbef = abef, savedCdgh = cdgh;
    __m128i w[4];
    for (int i = 0; i < 4; ++i)
      w[i] = _mm_shuffle_epi8(
          _mm_loadu_si128(reinterpret_cast<const __m128i *>(blocks) + i),
          bigEndian);
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      __m128i &oldest = w[i & 3];
      __m128i newest = w[(i + 3) & 3];
      __m128i sum = _mm_add_epi32(
          oldest,
          _mm_load_si128(reinterpret_cast<const __m128i *>(kRound) + i));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
      if (i < 12) {
        __m128i part = _mm_sha256msg1_epu32(oldest, w[(i + 1) & 3]);
        part = _mm_add_epi32(part, _mm_alignr_epi8(newest, w[(i + 2) & 3], 4));
        oldest = _mm_sha256msg2_epu32(part, newest);
      }
    }
    abef = _mm_add_epi32(abef, savedAbef);
    cdgh = _mm_add_epi32(cdgh, savedCdgh);
  }
  __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
  __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state),
                   _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state + 4),
                   _mm_alignr_epi8(dchg, feba, 8));
}

bool hasShaExtension() {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return false;
  bool sse = (c & bit_SSE4_1) && (c & bit_SSSE3);
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
    return false;
  return sse && (b & (1u << 29));
}
#endif

} // namespace

Sha256::Sha256(Method method) : compress(compressPortable) {
  static constexpr uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                          0xa54ff53a, 0x510e527f, 0x9b05688c,
                                          0x1f83d9ab, 0x5be0cd19};
  memcpy(state, initial, sizeof(state));
#if defined(__x86_64__)
  if (method == Method::best && hasShaExtension())
    compress = compressX86;
#endif
}

void Sha256::update(const void *data, size_t bytes) {
  const uint8_t *next = static_cast<const uint8_t *>(data);
  size_t filled = total & 63;
  total += bytes;
  if (filled != 0) {
    size_t taken = bytes < 64 - filled ? bytes : 64 - filled;
    memcpy(pending + filled, next, taken);
    next += taken;
    bytes -= taken;
    if (filled + taken < 64)
      return;
    compress(state, pending, 1);
  }
  compress(state, next, bytes / 64);
  if (bytes % 64 != 0)
    memcpy(pending, next + bytes / 64 * 64, bytes % 64);
}

void Sha256::finish(uint8_t digest[kSha256Bytes]) {
  uint64_t bits = total * 8;
  uint8_t tail[72] = {0x80};
  size_t padding = ((total & 63) < 56 ? 56 : 120) - (total & 63);
  for (int i = 0; i < 8; ++i)
    tail[padding + i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
  update(tail, padding + 8);
  for (int i = 0; i < 32; ++i)
    digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256(const void *data, size_t bytes, uint8_t digest[kSha256Bytes]) {
  Sha256 hash;
  hash.update(data, bytes);
  hash.finish(digest);
}

} // namespace visir::runtime
