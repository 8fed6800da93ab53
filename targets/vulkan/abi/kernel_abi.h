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
 *
 * The size of a resizable function's workgroups along x is a specialisation
 * constant, whose default is that of the signature. The driver may choose
 * another one and as many workgroups as make the signature's threads.
 */
#ifndef VISIR_TARGETS_VULKAN_ABI_KERNEL_ABI_H
#define VISIR_TARGETS_VULKAN_ABI_KERNEL_ABI_H

/* Raised whenever the meaning of anything above or below changes. */
#define VISIR_VULKAN_ABI_VERSION 1u

/* Name of every module's entry point. */
#define VISIR_VULKAN_ENTRY_POINT "main"

/* Number of the specialisation constant for the size of workgroups. */
#define VISIR_VULKAN_WORKGROUP_CONSTANT 0u

/* Alignment in bytes of every binding: the largest that a device may ask for
 * (minStorageBufferOffsetAlignment). */
#define VISIR_VULKAN_BINDING_ALIGNMENT 256u

/* What a program may demand of a device beyond Vulkan 1.1, as listed in its
 * target's features, separated by commas: name, and the feature of Vulkan.
 *
 * matrix16: Vulkan 1.3 with VK_KHR_cooperative_matrix, which multiplies
 * matrices of f16 with sums of f32, 16 x 16 by 16, in subgroups of 32
 * invocations, and Vulkan's memory model. Modules with the capability
 * CooperativeMatrixKHR run in whole subgroups of that size. */
#define VISIR_VULKAN_FEATURES(X)                                               \
  X("float64", shaderFloat64)                                                  \
  X("int64", shaderInt64)                                                      \
  X("int16", shaderInt16)                                                      \
  X("storage16", storageBuffer16BitAccess)                                     \
  X("storage8", storageBuffer8BitAccess)                                       \
  X("float16", shaderFloat16)                                                  \
  X("int8", shaderInt8)                                                        \
  X("matrix16", cooperativeMatrix)

#endif /* VISIR_TARGETS_VULKAN_ABI_KERNEL_ABI_H */
