// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// SHA-256 (FIPS 180-4).
#ifndef VISIR_RUNTIME_BASE_SHA256_H
#define VISIR_RUNTIME_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

namespace visir::runtime {

constexpr size_t kSha256Bytes = 32;

class Sha256 {
public:
  // How blocks are compressed; all give the same digest.
  enum class Method { best, portable };

  explicit Sha256(Method method = Method::best);
  void update(const void *data, size_t bytes);
  // Writes the digest; the object is used up.
  void finish(uint8_t digest[kSha256Bytes]);

private:
  using Compress = void (*)(uint32_t state[8], const uint8_t *blocks,
                            size_t count);
  Compress compress;
  uint32_t state[8];
  uint64_t total = 0;
  uint8_t pending[64];
};

void sha256(const void *data, size_t bytes, uint8_t digest[kSha256Bytes]);

} // namespace visir::runtime

#endif // VISIR_RUNTIME_BASE_SHA256_H
