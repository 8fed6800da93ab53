// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 256 dependent steps on 16 floats a tile, through scratch; out may be in.
#include "targets/cpu/abi/kernel_abi.h"

int32_t kernel(const visir_cpu_env_t *env, const visir_cpu_args_t *args,
               uint32_t tile_begin, uint32_t tile_end, void *scratch) {
  const float *in = args->bindings[0];
  float *out = args->bindings[1], *row = scratch;
  for (uint32_t tile = tile_begin; tile < tile_end; ++tile) {
    for (uint32_t i = 0; i < 16; ++i)
      row[i] = in[tile * 16 + i];
    for (uint32_t step = 0; step < 256; ++step)
      for (uint32_t i = 0; i < 16; ++i)
        row[i] = row[i] * 0.999f + row[(i + 1) & 15] * 0.001f;
    for (uint32_t i = 0; i < 16; ++i)
      out[tile * 16 + i] = row[i];
  }
  return 0;
}
