// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Maps that load along one dimension and store along another: square blocks
// are turned in registers.
#ifndef VISIR_TARGETS_CPU_CODEGEN_DISPATCH_TRANSPOSE_H
#define VISIR_TARGETS_CPU_CODEGEN_DISPATCH_TRANSPOSE_H

#include "targets/cpu/codegen/dispatch/Emitters.h"

namespace visir::cpu {

/// Whether blocks over (rows, lanes) help the load: its elements neighbour
/// along `rows` and not along `lanes`, without borders or indices.
bool isTransposed(const NestAccess &load, unsigned rows, unsigned lanes);

/// Lanes of a (0 .. n - 1) and b (n .. 2n - 1), chosen in each group of
/// `pattern.size()` = n lanes alike.
mlir::Value shuffleGroups(KernelBuilder &kb, mlir::Value a, mlir::Value b,
                          llvm::ArrayRef<int64_t> pattern);

/// result[j][i] = vectors[i][j] for n vectors of n lanes, n a power of two.
llvm::SmallVector<mlir::Value>
transposeVectors(KernelBuilder &kb, llvm::SmallVector<mlir::Value> vectors);

/// A map whose two last dimensions are walked in blocks of `config.lanes`
/// squared.
mlir::FailureOr<KernelInfo> emitTransposedMap(KernelBuilder &kb,
                                              const LoopPlan &plan);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_DISPATCH_TRANSPOSE_H
