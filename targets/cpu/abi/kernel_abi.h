/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The contract between generated CPU kernels and the runtime's CPU driver.
 * This header stands alone: the compiler and the runtime both include it and
 * share nothing else but the artifact schema.
 *
 * A kernel is a leaf function. It computes the tiles [tile_begin, tile_end)
 * of one dispatch; tiles are independent of each other and of the number of
 * threads, so that any split of the range gives the same bits. It allocates
 * nothing, calls nothing outside its code block, keeps its stack frame below
 * 4 KiB (larger temporaries live in scratch), and uses neither TLS nor
 * globals with relocations. The caller sets MXCSR / FPCR (round to nearest,
 * denormals kept, all exceptions masked) before and restores it after.
 */
#ifndef VISIR_TARGETS_CPU_ABI_KERNEL_ABI_H
#define VISIR_TARGETS_CPU_ABI_KERNEL_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever the meaning of anything below changes. */
#define VISIR_CPU_ABI_VERSION 1u

/* Bytes of stack that a kernel uses at most. */
#define VISIR_CPU_MAX_FRAME_BYTES 4095u

/* Alignment in bytes of every binding, of scratch, and of constants. */
#define VISIR_CPU_BINDING_ALIGNMENT 64u

/* Bytes that may be read (never written) beyond the end of a binding. Zero:
 * kernels stay inside their bindings. */
#define VISIR_CPU_BINDING_OVERREAD 0u

/* Execution environment, the same for all kernels of a run. */
typedef struct visir_cpu_env_t {
  uint32_t abi_version;  /* VISIR_CPU_ABI_VERSION */
  uint32_t thread_count; /* threads of this run; informative only */
} visir_cpu_env_t;

/* Arguments of one dispatch: its bindings in the order of its signature
 * (operands first, then results), then 32-bit scalars (bounded sizes). */
typedef struct visir_cpu_args_t {
  void *const *bindings;
  const uint32_t *scalars;
} visir_cpu_args_t;

/* Returns 0, or a positive kernel-defined error (index out of range). */
typedef int32_t (*visir_cpu_kernel_t)(const visir_cpu_env_t *env,
                                      const visir_cpu_args_t *args,
                                      uint32_t tile_begin, uint32_t tile_end,
                                      void *scratch);

#ifdef __cplusplus
}
#endif

#endif /* VISIR_TARGETS_CPU_ABI_KERNEL_ABI_H */
