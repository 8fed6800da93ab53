// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of f32 by matrix units for TF32: both products are of factors in
// two parts each, which keeps the precision of f32, or of rounded ones where
// the precision is tf32.
#ifndef VISIR_TARGETS_CUDA_CODEGEN_WIDEATTENTION_H
#define VISIR_TARGETS_CUDA_CODEGEN_WIDEATTENTION_H

#include "targets/cuda/codegen/AttentionFrame.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir::cuda {

struct WideAttentionPlan : AttentionShape {
  /// Keys or values of a step in shared memory, a line behind the other.
  struct Tile {
    int load = -1; ///< that is copied, or -1
    /// Elements that come together; 1 for what is computed, too.
    int64_t run = 1;
    int64_t width = 0; ///< of a line with zeros for whole matrices
    /// Fragments of keys and of values are in all banks then.
    int64_t pitch() const { return llvm::alignTo(width, 16) + 4; }
  };

  bool rounded = false; ///< one product of factors rounded to TF32
  Tile keyTile, valueTile;
  int64_t stages = 2; ///< steps whose tiles are there or on their way

  int64_t stageElements() const {
    return keysAtOnce * (keyTile.pitch() + valueTile.pitch());
  }
  int64_t sharedElements() const {
    return std::min(stages, steps()) * stageElements();
  }
};

/// Failure where the factors are not of f32 or the shape has no blocks.
mlir::FailureOr<WideAttentionPlan>
planWideAttention(DispatchOp op, const tiled::GroupLimits &limits);

/// As emitMatrixProduct.
void emitWideAttention(mlir::OpBuilder &b, DispatchOp op,
                       const WideAttentionPlan &plan, mlir::Value block,
                       mlir::Value thread, scalar::Memory &memory,
                       mlir::func::FuncOp func, tiled::Workgroup &workgroup);

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_CODEGEN_WIDEATTENTION_H
