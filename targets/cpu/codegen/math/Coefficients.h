// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Coefficients.inc is printed by fit.py.
#ifndef VISIR_TARGETS_CPU_CODEGEN_MATH_COEFFICIENTS_H
#define VISIR_TARGETS_CPU_CODEGEN_MATH_COEFFICIENTS_H

namespace visir::cpu {
#include "targets/cpu/codegen/math/Coefficients.inc"
} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_MATH_COEFFICIENTS_H
