// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_PIPELINE_VULKANTARGET_H
#define VISIR_COMPILER_PIPELINE_VULKANTARGET_H

#include "compiler/pipeline/TargetProgram.h"

#include <memory>

namespace visir {

inline constexpr llvm::StringLiteral kVulkanTargetName = "vulkan";
inline constexpr llvm::StringLiteral kVulkanMatrixTargetName =
    "vulkan+matrix16";

/// For GPUs that speak Vulkan: plain kernels, or products of f16 by cooperative
/// matrices ("vulkan+matrix16") or on the tiles of these with plain arithmetic
/// ("vulkan+emulated16", for tests). Null for another name.
std::unique_ptr<TargetCompiler> makeVulkanTarget(mlir::MLIRContext &context,
                                                 llvm::StringRef name);

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_VULKANTARGET_H
