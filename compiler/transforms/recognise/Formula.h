// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Formulas of one variable in any order of factors and terms.
#ifndef VISIR_COMPILER_TRANSFORMS_RECOGNISE_FORMULA_H
#define VISIR_COMPILER_TRANSFORMS_RECOGNISE_FORMULA_H

#include "compiler/transforms/Matching.h"

#include <array>

namespace visir {

/// Coefficients of 1, x, x^2, x^3.
using Polynomial = std::array<double, 4>;

/// `value` as a polynomial of `x` of degree 3 at most: sums, products and
/// quotients with splat constants of the type of `x`.
std::optional<Polynomial> polynomialIn(mlir::Value value, mlir::Value x);

/// Whether all coefficients agree within a relative 1e-5: constants come in
/// as rounded decimals.
bool agree(const Polynomial &a, const Polynomial &b);

/// The splat factor s with `value` = s * x * y, each of x and y once.
std::optional<double> productFactor(mlir::Value value, mlir::Value x,
                                    mlir::Value y);

/// The values that are multiplied to `value`, and the products on the way;
/// splats aside.
llvm::SmallVector<mlir::Value> factorsOf(mlir::Value value);

bool isClose(double a, double b);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_RECOGNISE_FORMULA_H
