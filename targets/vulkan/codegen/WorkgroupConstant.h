// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The size of a kernel's workgroups as a specialisation constant, which the
// driver chooses by what the device has.
#ifndef VISIR_TARGETS_VULKAN_CODEGEN_WORKGROUPCONSTANT_H
#define VISIR_TARGETS_VULKAN_CODEGEN_WORKGROUPCONSTANT_H

#include "mlir/Dialect/SPIRV/Transforms/SPIRVConversion.h"
#include "mlir/Transforms/DialectConversion.h"

#include <vector>

namespace visir::vulkan {

/// Makes gpu.block_dim x of a kernel the constant. A kernel without it keeps
/// the size of its entry point.
void populateWorkgroupPatterns(mlir::SPIRVTypeConverter &types,
                               mlir::RewritePatternSet &patterns);

/// Decorates the constant, if a serialised module has it, as the size of the
/// module's workgroups: the dialect has no words for that.
void decorateWorkgroup(std::vector<uint32_t> &words);

} // namespace visir::vulkan

#endif // VISIR_TARGETS_VULKAN_CODEGEN_WORKGROUPCONSTANT_H
