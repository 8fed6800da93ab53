// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// f16 and bf16 as the 16-bit integers of their bits: after conversions have
// become arithmetic, values of these types are only moved.
#ifndef VISIR_TARGETS_VULKAN_CODEGEN_NARROWFLOATS_H
#define VISIR_TARGETS_VULKAN_CODEGEN_NARROWFLOATS_H

#include "mlir/Dialect/SPIRV/Transforms/SPIRVConversion.h"
#include "mlir/Transforms/DialectConversion.h"

namespace visir::vulkan {

/// Makes `types` convert f16 and bf16 to i16, and adds patterns for the ops
/// that must know of it; other patterns follow the types.
void populateNarrowFloatPatterns(mlir::SPIRVTypeConverter &types,
                                 mlir::RewritePatternSet &patterns);

} // namespace visir::vulkan

#endif // VISIR_TARGETS_VULKAN_CODEGEN_NARROWFLOATS_H
