// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How blocks of threads share a product of f16 or bf16 for matrix units: the
// plan of tiles (targets/common/tiled), and how tiles lie in shared memory and
// come there.
#ifndef VISIR_TARGETS_CUDA_CODEGEN_MATRIXPLAN_H
#define VISIR_TARGETS_CUDA_CODEGEN_MATRIXPLAN_H

#include "targets/common/tiled/ProductPlan.h"

#include "llvm/Support/MathExtras.h"

namespace visir::cuda {

/// Elements of 16 bytes, the piece that ldmatrix reads and copies bring.
inline constexpr int64_t kChunk = 8;

/// One side's tile of a stage: lines of chunks, along the depth where that is
/// fast in memory (`deepFast`), else along the side's places.
struct MatrixSide {
  int load = -1; ///< that the factor is, or -1
  /// Neighbours in memory, aligned, that are copied at once without passing
  /// through registers: 8, 4 or 2. 1: elements are computed one by one.
  int64_t run = 1;
  int64_t lines = 0, chunks = 0;

  int64_t elements() const { return lines * chunks * kChunk; }
  bool isCopied() const { return run > 1; }
  /// A chunk's place in its line is xored with (line >> shift) & mask, so that
  /// the eight lines which ldmatrix reads at once lie in different banks.
  int64_t mask() const { return std::min(chunks, kChunk) - 1; }
  int64_t shift() const { return llvm::Log2_64(kChunk / (mask() + 1)); }
};

struct MatrixPlan {
  tiled::ProductPlan product; ///< of matrices, without slices
  mlir::FloatType narrow;     ///< of the factors
  MatrixSide rows, columns;
  int64_t stages = 2; ///< steps whose tiles are there or on their way
  int64_t resident = 1; ///< blocks that a core holds at once

  bool copies() const { return rows.isCopied() || columns.isCopied(); }
  int64_t stageElements() const {
    return rows.elements() + columns.elements();
  }
  int64_t sharedElements() const {
    return std::min(stages, product.steps()) * stageElements();
  }
  /// Elements of a side that each thread brings in a step.
  int64_t broughtElements(const MatrixSide &side) const {
    return llvm::divideCeil(side.elements(), product.threads());
  }
  /// An estimate of a thread's registers, from above.
  int64_t registers() const;
};

using tiled::narrowFactor;

/// The load that a narrow factor is, or -1.
int loadOfFactor(DispatchOp op, unsigned yielded);

/// How many neighbours along `dims` lie side by side in memory, wherever one
/// begins that is a multiple of so many: 8, 4, 2 or 1.
int64_t alignedRun(const NestAccess &access, const Nest &nest,
                   llvm::ArrayRef<unsigned> dims);

/// Failure where the factors are not of a narrow type or a side is too short
/// for matrices.
mlir::FailureOr<MatrixPlan> planMatrices(DispatchOp op,
                                         const tiled::GroupLimits &limits);

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_CODEGEN_MATRIXPLAN_H
