// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of f16 or bf16: queries, keys and values are tiles that ldmatrix
// reads. Probabilities are rounded to the narrow type where they are multiplied
// with values.
#ifndef VISIR_TARGETS_CUDA_CODEGEN_ATTENTION_H
#define VISIR_TARGETS_CUDA_CODEGEN_ATTENTION_H

#include "targets/cuda/codegen/AttentionFrame.h"
#include "targets/cuda/codegen/MatrixPlan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir::cuda {

struct AttentionPlan : AttentionShape {
  /// How a side's lines lie in shared memory: lines of chunks.
  struct Tile {
    MatrixSide shape;
    int64_t usedChunks = 0; ///< that are brought: of whole matrices
  };

  mlir::FloatType narrow; ///< of all factors
  Tile queryTile, keyTile, valueTile;

  /// Elements of keys and values of a step.
  int64_t stageElements() const {
    return keyTile.shape.elements() + valueTile.shape.elements();
  }
  int64_t sharedElements() const {
    return queryTile.shape.elements() +
           std::min<int64_t>(2, steps()) * stageElements();
  }
};

/// Failure where the factors are not of one narrow type or the shape has no
/// blocks.
mlir::FailureOr<AttentionPlan> planAttention(DispatchOp op,
                                             const tiled::GroupLimits &limits);

/// As emitMatrixProduct.
void emitAttention(mlir::OpBuilder &b, DispatchOp op,
                   const AttentionPlan &plan, mlir::Value block,
                   mlir::Value thread, scalar::Memory &memory,
                   mlir::func::FuncOp func, mlir::Value shared);

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_CODEGEN_ATTENTION_H
