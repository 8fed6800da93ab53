// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention of f16 or bf16 by matrix units, in one pass over the keys: a block
// has 16 queries for each warp, and keys and values come to shared memory some
// at a time. Scores, softmax and sums are of f32; probabilities are rounded to
// the narrow type where they are multiplied with values (FlashAttention-2; Dao,
// 2023).
#ifndef VISIR_TARGETS_CUDA_CODEGEN_ATTENTION_H
#define VISIR_TARGETS_CUDA_CODEGEN_ATTENTION_H

#include "targets/common/AttentionRoles.h"
#include "targets/common/scalar/ScalarKernel.h"
#include "targets/common/tiled/Workgroup.h"
#include "targets/cuda/codegen/MatrixPlan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir::cuda {

/// Queries, keys or values as a tile in shared memory.
struct AttentionSide {
  MatrixSide shape;  ///< lines of chunks; a line is a query or a key
  int64_t count = 0; ///< of lines in all
  int64_t width = 0; ///< elements of a line that there are
  llvm::SmallVector<unsigned, 4> lines, elements; ///< dimensions

  /// Chunks that are brought: of whole matrices.
  int64_t usedChunks() const { return llvm::divideCeil(width, 16) * 2; }
};

struct AttentionPlan {
  static constexpr int64_t kKeys = 32; ///< that come at a time

  Nest nest;
  AttentionRoles roles;
  mlir::FloatType narrow; ///< of all factors
  llvm::SmallVector<unsigned, 4> batches;
  AttentionSide queries, keys, values;
  int64_t batchCount = 1;
  int64_t warps = 1;

  int64_t threads() const { return 32 * warps; }
  int64_t rows() const { return 16 * warps; }
  int64_t tiles() const { return llvm::divideCeil(queries.count, rows()); }
  int64_t groups() const { return batchCount * tiles(); }
  int64_t steps() const { return llvm::divideCeil(keys.count, kKeys); }
  /// Elements of keys and values of a step.
  int64_t stageElements() const {
    return keys.shape.elements() + values.shape.elements();
  }
  int64_t sharedElements() const {
    return queries.shape.elements() +
           std::min<int64_t>(2, steps()) * stageElements();
  }
};

/// Failure where the factors are not of one narrow type, lines are longer than
/// registers hold, or most of a matrix would be idle.
mlir::FailureOr<AttentionPlan> planAttention(DispatchOp op,
                                             const tiled::GroupLimits &limits);

/// As emitMatrixProduct.
void emitAttention(mlir::OpBuilder &b, DispatchOp op,
                   const AttentionPlan &plan, mlir::Value block,
                   mlir::Value thread, scalar::Memory &memory,
                   mlir::func::FuncOp func, mlir::Value shared);

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_CODEGEN_ATTENTION_H
