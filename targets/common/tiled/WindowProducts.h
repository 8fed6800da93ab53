// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_COMMON_TILED_WINDOWPRODUCTS_H
#define VISIR_TARGETS_COMMON_TILED_WINDOWPRODUCTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir::tiled {

/// Makes products of sums of products that are windows (Window.h), as
/// depthwise convolutions come: their factors have different places then.
void makeWindowProducts(mlir::func::FuncOp func);

} // namespace visir::tiled

#endif // VISIR_TARGETS_COMMON_TILED_WINDOWPRODUCTS_H
