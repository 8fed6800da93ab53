// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model of rounding by which minimal filtering is chosen. A rounding is
// the expected variance of a result's error, relative to the variance of the
// results, in units of 2^-48. Operands count as independent; inputs as
// rectified normal variables, what activations leave.
#ifndef VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_ROUNDING_H
#define VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_ROUNDING_H

#include "mlir/IR/BuiltinAttributes.h"

namespace visir::cpu {

struct FilterTransform;

/// Of sums over `steps` products that are taken in blocks of `block`. Where
/// factors and the blocks' sums are of f16 (`half`), in units of 2^-22; what is
/// of f32 then does not count.
double roundingOfSums(double steps, double block, bool half = false);

/// Of filtering along `axes` (1 or 2) dimensions, the input channels added up
/// in blocks of `block`, with the weights co x ci x window.
double roundingOfFiltering(mlir::ElementsAttr weights,
                           const FilterTransform &transform, unsigned axes,
                           int64_t block, bool half = false);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_ROUNDING_H
