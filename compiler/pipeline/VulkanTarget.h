// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_PIPELINE_VULKANTARGET_H
#define VISIR_COMPILER_PIPELINE_VULKANTARGET_H

#include "compiler/pipeline/TargetProgram.h"

#include <memory>

namespace visir {

inline constexpr llvm::StringLiteral kVulkanTargetName = "vulkan";

/// Plain kernels for GPUs that speak Vulkan.
std::unique_ptr<TargetCompiler> makeVulkanTarget(mlir::MLIRContext &context);

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_VULKANTARGET_H
