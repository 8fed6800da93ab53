// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// out = sum of the rows 0 .. scalars[0] of a cache of 16 floats a row.
#include "targets/cpu/abi/kernel_abi.h"

int32_t kernel(const visir_cpu_env_t *env, const visir_cpu_args_t *args,
               uint32_t tile_begin, uint32_t tile_end, void *scratch) {
  const float *cache = args->bindings[0];
  float *out = args->bindings[1];
  for (uint32_t i = 0; i < 16; ++i)
    out[i] = 0;
  for (uint32_t row = 0; row <= args->scalars[0]; ++row)
    for (uint32_t i = 0; i < 16; ++i)
      out[i] += cache[row * 16 + i];
  return 0;
}
