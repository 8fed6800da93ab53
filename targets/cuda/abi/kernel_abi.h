/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The contract between generated CUDA kernels and a driver that launches
 * them. This header stands alone.
 *
 * The code section begins with a visir_cuda_code_t, which says where in it
 * the PTX text and, if there is one, the cubin lie. Both hold all functions
 * of the program; a function is the entry point of its name. It is launched
 * with as many blocks in x as it has tiles, with blocks of its workgroup's
 * threads and with its shared bytes as dynamic shared memory. Its parameters:
 *
 *   the addresses of its bindings in the order of its signature (operands
 *     first, then results), aligned to VISIR_CUDA_BINDING_ALIGNMENT,
 *   its scalars, 32 bits each,
 *   the address of a 32-bit status, which a kernel that can fail sets to a
 *     positive error (index out of range) and else leaves alone,
 *   where its scratch bytes are not 0, the address of a workspace of so many
 *     bytes, aligned to VISIR_CUDA_WORKSPACE_ALIGNMENT. Each dispatch has one
 *     of its own; it is zero at first and keeps what the kernel leaves.
 */
#ifndef VISIR_TARGETS_CUDA_ABI_KERNEL_ABI_H
#define VISIR_TARGETS_CUDA_ABI_KERNEL_ABI_H

#include <stdint.h>

/* Raised whenever the meaning of anything here changes. */
#define VISIR_CUDA_ABI_VERSION 2u

/* Threads of a block of a plain kernel. */
#define VISIR_CUDA_BLOCK_SIZE 128u

/* Alignment in bytes of every binding. */
#define VISIR_CUDA_BINDING_ALIGNMENT 64u

/* Alignment in bytes of buffers in memory that the driver takes. */
#define VISIR_CUDA_WORKSPACE_ALIGNMENT 256u

/* "VCUD" */
#define VISIR_CUDA_CODE_MAGIC 0x44554356u

/* Offsets are from the start of the section. */
typedef struct visir_cuda_code_t {
  uint32_t magic; /* VISIR_CUDA_CODE_MAGIC */
  uint32_t reserved;
  uint64_t ptx_offset;
  uint64_t ptx_bytes; /* ends with a NUL */
  uint64_t cubin_offset;
  uint64_t cubin_bytes; /* 0: there is none */
} visir_cuda_code_t;

#endif /* VISIR_TARGETS_CUDA_ABI_KERNEL_ABI_H */
