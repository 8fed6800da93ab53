/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The contract between generated Vulkan kernels and the runtime's Vulkan
 * driver. This header stands alone: the compiler and the runtime both include
 * it and share nothing else but the artifact schema.
 *
 * A function of the artifact is one SPIR-V module for Vulkan 1.1 with one
 * compute entry point. Storage buffers of descriptor set 0 are its bindings,
 * numbered as in its signature (operands first, then results; a result that is
 * tied to an operand is the same memory under another number). A function that
 * can fail has one more behind them: one 32-bit word, zero at first, in which
 * it stores a positive error. Scalars are push constants of 32 bits each.
 *
 * A tile of the signature is a workgroup. The driver launches them as a grid
 * of x = min(tiles, limit of the device) by y = ceil(tiles / x) by 1; the
 * kernel numbers them y * (size of the grid in x) + x and leaves out those
 * beyond its work.
 */
#ifndef VISIR_TARGETS_VULKAN_ABI_KERNEL_ABI_H
#define VISIR_TARGETS_VULKAN_ABI_KERNEL_ABI_H

/* Raised whenever the meaning of anything above or below changes. */
#define VISIR_VULKAN_ABI_VERSION 1u

/* Name of every module's entry point. */
#define VISIR_VULKAN_ENTRY_POINT "main"

/* Alignment in bytes of every binding: the largest that a device may ask for
 * (minStorageBufferOffsetAlignment). */
#define VISIR_VULKAN_BINDING_ALIGNMENT 256u

/* What a program may demand of a device beyond Vulkan 1.1, as listed in its
 * target's features, separated by commas: name, and the feature of Vulkan. */
#define VISIR_VULKAN_FEATURES(X)                                               \
  X("float64", shaderFloat64)                                                  \
  X("int64", shaderInt64)                                                      \
  X("int16", shaderInt16)                                                      \
  X("storage16", storageBuffer16BitAccess)                                     \
  X("storage8", storageBuffer8BitAccess)                                       \
  X("float16", shaderFloat16)                                                  \
  X("int8", shaderInt8)

#endif /* VISIR_TARGETS_VULKAN_ABI_KERNEL_ABI_H */
