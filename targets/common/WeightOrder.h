// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_COMMON_WEIGHTORDER_H
#define VISIR_TARGETS_COMMON_WEIGHTORDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir {

/// Lays constant weights of windows out with the channels that are summed up
/// side by side, behind the taps: kernels by workgroups take the sums in the
/// order of the weights, and then stay at one tap, with one test for the
/// border, for many channels. Weights of whole multiples of 8 channels only.
void orderWindowWeights(mlir::func::FuncOp func);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_WEIGHTORDER_H
