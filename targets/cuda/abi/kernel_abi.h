/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The contract between generated CUDA kernels and a driver that launches
 * them. This header stands alone.
 *
 * The code section is PTX text that ends with a NUL; all functions of a
 * program lie in the one module. A function is the entry point of its name,
 * launched with blocks of VISIR_CUDA_BLOCK_SIZE threads in x and as many
 * blocks as the function has tiles. Its parameters are the addresses of its
 * bindings in the order of its signature (operands first, then results),
 * aligned to VISIR_CUDA_BINDING_ALIGNMENT, then always the address of a 32-bit
 * status, which a kernel that can fail sets to a positive error (index out of
 * range) and else leaves alone. It uses no dynamic shared memory.
 */
#ifndef VISIR_TARGETS_CUDA_ABI_KERNEL_ABI_H
#define VISIR_TARGETS_CUDA_ABI_KERNEL_ABI_H

/* Raised whenever the meaning of anything here changes. */
#define VISIR_CUDA_ABI_VERSION 1u

/* Threads of a block. */
#define VISIR_CUDA_BLOCK_SIZE 128u

/* Alignment in bytes of every binding. */
#define VISIR_CUDA_BINDING_ALIGNMENT 64u

#endif /* VISIR_TARGETS_CUDA_ABI_KERNEL_ABI_H */
