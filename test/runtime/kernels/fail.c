// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Returns 3 for tile 5.
#include "targets/cpu/abi/kernel_abi.h"

int32_t kernel(const visir_cpu_env_t *env, const visir_cpu_args_t *args,
               uint32_t tile_begin, uint32_t tile_end, void *scratch) {
  return tile_begin <= 5 && 5 < tile_end ? 3 : 0;
}
