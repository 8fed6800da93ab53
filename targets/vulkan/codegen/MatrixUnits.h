// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a subgroup does with matrices that lie in shared memory, by cooperative
// matrices or emulated.
#ifndef VISIR_TARGETS_VULKAN_CODEGEN_MATRIXUNITS_H
#define VISIR_TARGETS_VULKAN_CODEGEN_MATRIXUNITS_H

#include "targets/vulkan/codegen/MatrixProduct.h"

#include "mlir/IR/Builders.h"

namespace visir::vulkan {

using Values = llvm::SmallVector<mlir::Value>;

/// Matrices are lists of values, as an invocation holds them. Places are of
/// index type and count elements.
class MatrixUnits {
public:
  virtual ~MatrixUnits() = default;

  /// The number of the invocation's subgroup in its workgroup.
  virtual mlir::Value subgroup() = 0;
  /// Sums that are 0.
  virtual Values zero() = 0;
  /// Rows (or columns, with `right`) of f16, or of its bits as i16 where
  /// matrices are emulated, that lie `pitch` apart from
  /// `place` on, the depth side by side.
  virtual Values load(mlir::Value shared, mlir::Value place, int64_t pitch,
                      bool right) = 0;
  /// sums + left * right
  virtual Values multiply(mlir::ValueRange left, mlir::ValueRange right,
                          mlir::ValueRange sums) = 0;
  /// Writes sums row by row, without gaps, from `place` on.
  virtual void store(mlir::ValueRange sums, mlir::Value shared,
                     mlir::Value place) = 0;
};

/// `thread` is the invocation's number in its workgroup.
std::unique_ptr<MatrixUnits> makeMatrixUnits(mlir::OpBuilder &b,
                                             mlir::Location loc,
                                             MatrixMode mode,
                                             mlir::Value thread);

} // namespace visir::vulkan

#endif // VISIR_TARGETS_VULKAN_CODEGEN_MATRIXUNITS_H
