// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Workgroups as targets have them: what kernels may count on, and how their
// code reaches it.
#ifndef VISIR_TARGETS_COMMON_TILED_WORKGROUP_H
#define VISIR_TARGETS_COMMON_TILED_WORKGROUP_H

#include "mlir/IR/Builders.h"

namespace visir::tiled {

/// Whether workgroups stage and add up elements of the type.
inline bool isGroupElement(mlir::Type type) {
  return type.isF32() || type.isF64() || type.isInteger(32) ||
         type.isInteger(64);
}

/// What a device has for workgroups.
struct GroupLimits {
  int64_t threads;     ///< of a group at most, a power of two >= 64
  int64_t sharedBytes; ///< of a group at most
  int64_t processors;  ///< cores, each of which runs groups
  /// Warps of 32 threads multiply 16 x 8 tiles of f32 by 8 points of the sum,
  /// as three products of operands that are split into two parts of TF32.
  bool matrix = false;
  /// One product of operands rounded to TF32 is enough.
  bool tf32 = false;
};

/// A workgroup in a kernel's code.
class Workgroup {
public:
  virtual ~Workgroup() = default;

  /// Shared memory of the group as a memref of one dimension, aligned to 16
  /// bytes; called once for a kernel.
  virtual mlir::Value shared(mlir::OpBuilder &b, mlir::Location loc,
                             int64_t elements, mlir::Type element) = 0;
  /// All threads of the group come to it, and see then what the others have
  /// written to shared memory.
  virtual void barrier(mlir::OpBuilder &b, mlir::Location loc) = 0;
  /// What a warp's threads have of c + a * b, where a is 16 x 8, b 8 x 8 and c
  /// 16 x 8. Thread 4 * g + p has a (g, p), (g + 8, p), (g, p + 4), (g + 8, p
  /// + 4), b (p, g), (p + 4, g) and c (g, 2 p), (g, 2 p + 1), (g + 8, 2 p), (g
  /// + 8, 2 p + 1), all of f32; the unit reads a and b as TF32. Only for plans
  /// with `matrix`.
  virtual llvm::SmallVector<mlir::Value>
  multiplyMatrix(mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange x,
                 mlir::ValueRange y, mlir::ValueRange sums) {
    llvm_unreachable("the target has no matrix units");
  }
};

} // namespace visir::tiled

#endif // VISIR_TARGETS_COMMON_TILED_WORKGROUP_H
