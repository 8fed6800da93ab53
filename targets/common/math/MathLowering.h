// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of math and narrow floats as straight code on scalars and
// vectors, so that nothing reaches libm or libgcc.
#ifndef VISIR_TARGETS_COMMON_MATH_MATHLOWERING_H
#define VISIR_TARGETS_COMMON_MATH_MATHLOWERING_H

#include "targets/common/math/FloatBuilder.h"

#include "mlir/Pass/Pass.h"

namespace visir {

/// A pass over any op that expands the math dialect's functions, fused
/// multiply-add where the target has none, and conversions of f16 and bf16 in
/// it. What stays of math: sqrt, abs, floor, ceil, trunc, roundeven, copysign
/// and, if `traits` has it, fma.
std::unique_ptr<mlir::Pass> createMathLoweringPass(const MathTraits &traits);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_MATH_MATHLOWERING_H
