// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Coefficients.inc is printed by fit.py.
#ifndef VISIR_TARGETS_COMMON_MATH_COEFFICIENTS_H
#define VISIR_TARGETS_COMMON_MATH_COEFFICIENTS_H

namespace visir {
#include "targets/common/math/Coefficients.inc"
} // namespace visir

#endif // VISIR_TARGETS_COMMON_MATH_COEFFICIENTS_H
