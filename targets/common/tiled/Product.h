// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product by workgroups: tiles of both operands in shared memory, a tile of
// sums in the registers of each thread. The code is scf, arith, math and
// memref; barriers and shared memory are the target's.
#ifndef VISIR_TARGETS_COMMON_TILED_PRODUCT_H
#define VISIR_TARGETS_COMMON_TILED_PRODUCT_H

#include "targets/common/scalar/ScalarKernel.h"
#include "targets/common/tiled/ProductPlan.h"

namespace visir::tiled {

/// Emits what thread `thread` (0 .. plan.threads() - 1) of group `group` (0 ..
/// plan.groups() - 1) does, where `b` stands; both are of index type. Every
/// thread of the group must come there.
void emitProduct(mlir::OpBuilder &b, DispatchOp op, const ProductPlan &plan,
                 mlir::Value group, mlir::Value thread,
                 scalar::Memory &memory, Workgroup &workgroup);

} // namespace visir::tiled

#endif // VISIR_TARGETS_COMMON_TILED_PRODUCT_H
