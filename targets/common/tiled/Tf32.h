// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_COMMON_TILED_TF32_H
#define VISIR_TARGETS_COMMON_TILED_TF32_H

#include "mlir/IR/Builders.h"

namespace visir::tiled {

/// x in two parts that matrix units read without loss or nearly so: TF32 has
/// 10 bits behind the point, and the device leaves out all others.
std::pair<mlir::Value, mlir::Value> splitTf32(mlir::OpBuilder &b,
                                              mlir::Location loc,
                                              mlir::Value x);

} // namespace visir::tiled

#endif // VISIR_TARGETS_COMMON_TILED_TF32_H
