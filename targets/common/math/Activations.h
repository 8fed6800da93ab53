// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Activations that are cheaper as a whole than by the functions of math that
// their definitions name.
#ifndef VISIR_TARGETS_COMMON_MATH_ACTIVATIONS_H
#define VISIR_TARGETS_COMMON_MATH_ACTIVATIONS_H

#include "targets/common/math/FloatBuilder.h"

#include <optional>

namespace visir {

/// The value of a float constant that is the same in all lanes.
std::optional<double> splatConstant(mlir::Value value);

/// A whole expansion of x / (1 + e^-x) or x / 2 (1 + erf(x / sqrt(2))), of
/// which `op` is the last product; null where there is none for its type or
/// target. Errors are at most 1.1e-7 below 0 (absolute) and one unit in the
/// last place above.
mlir::Value expandActivation(mlir::arith::MulFOp op, const FloatBuilder &f);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_MATH_ACTIVATIONS_H
