// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// out = a + b; a tile is scalars[0] floats.
#include "targets/cpu/abi/kernel_abi.h"

int32_t kernel(const visir_cpu_env_t *env, const visir_cpu_args_t *args,
               uint32_t tile_begin, uint32_t tile_end, void *scratch) {
  const float *a = args->bindings[0], *b = args->bindings[1];
  float *out = args->bindings[2];
  uint32_t width = args->scalars[0];
  for (uint32_t i = tile_begin * width; i < tile_end * width; ++i)
    out[i] = a[i] + b[i];
  return 0;
}
