// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// out[0] = threads of the run.
#include "targets/cpu/abi/kernel_abi.h"

int32_t kernel(const visir_cpu_env_t *env, const visir_cpu_args_t *args,
               uint32_t tile_begin, uint32_t tile_end, void *scratch) {
  *(uint32_t *)args->bindings[0] = env->thread_count;
  return 0;
}
