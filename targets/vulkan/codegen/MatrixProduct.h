// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of f16 with sums of f32 by cooperative matrices
// (VK_KHR_cooperative_matrix): subgroups of 32 invocations multiply tiles of
// 16 x 16 by 16 that lie in shared memory.
#ifndef VISIR_TARGETS_VULKAN_CODEGEN_MATRIXPRODUCT_H
#define VISIR_TARGETS_VULKAN_CODEGEN_MATRIXPRODUCT_H

#include "targets/common/scalar/ScalarKernel.h"
#include "targets/common/tiled/ProductPlan.h"

namespace visir::vulkan {

/// Rows, columns and depth of a cooperative matrix.
inline constexpr int64_t kMatrix = 16;

/// How a kernel multiplies matrices.
enum class MatrixMode {
  None,
  Cooperative,
  /// By the plain arithmetic of each invocation on the same tiles, so that
  /// devices without cooperative matrices judge all but these.
  Emulated,
};

/// A workgroup has a tile of `product.rows.tile` by `product.columns.tile`
/// sums, each of its subgroups 2 x 2 matrices of them.
struct MatrixPlan {
  tiled::ProductPlan product; ///< without slices

  int64_t subgroups() const;
  int64_t threads() const; ///< of a workgroup
  int64_t groups() const { return product.groups(); }
  /// Elements of f16 from a point of a side to the next one: the depth, and
  /// some that spread points over banks of memory.
  int64_t pitch() const;
  int64_t sideElements() const; ///< of both sides' tiles
  int64_t sumElements() const;  ///< of f32, a matrix of each subgroup
  int64_t sharedBytes() const { return 2 * sideElements() + 4 * sumElements(); }
};

/// Failure where the factors are not of f16 or a side is shorter than a
/// matrix.
mlir::FailureOr<MatrixPlan> planMatrices(DispatchOp op);

/// Emits what invocation `thread` of workgroup `group` does, as
/// tiled::emitProduct does.
void emitMatrixProduct(mlir::OpBuilder &b, DispatchOp op,
                       const MatrixPlan &plan, MatrixMode mode,
                       mlir::Value group, mlir::Value thread,
                       scalar::Memory &memory);

} // namespace visir::vulkan

#endif // VISIR_TARGETS_VULKAN_CODEGEN_MATRIXPRODUCT_H
