// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes scalars[1] rows of 16 floats into a cache, from row scalars[0] on.
#include "targets/cpu/abi/kernel_abi.h"

int32_t kernel(const visir_cpu_env_t *env, const visir_cpu_args_t *args,
               uint32_t tile_begin, uint32_t tile_end, void *scratch) {
  const float *rows = args->bindings[0];
  float *cache = args->bindings[1];
  uint32_t first = args->scalars[0], count = args->scalars[1];
  if (first + count > 32)
    return 1;
  for (uint32_t i = 0; i < count * 16; ++i)
    cache[first * 16 + i] = rows[i];
  return 0;
}
