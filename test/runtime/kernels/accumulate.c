// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// out = in + scalars[0] * scalars[1] on 16 floats; out may be in.
#include "targets/cpu/abi/kernel_abi.h"

int32_t kernel(const visir_cpu_env_t *env, const visir_cpu_args_t *args,
               uint32_t tile_begin, uint32_t tile_end, void *scratch) {
  const float *in = args->bindings[0];
  float *out = args->bindings[1];
  float step = (float)args->scalars[0] * (float)args->scalars[1];
  for (uint32_t i = 0; i < 16; ++i)
    out[i] = in[i] + step;
  return 0;
}
