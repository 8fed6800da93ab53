// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_NEST_PRODUCT_H
#define VISIR_TARGETS_CPU_CODEGEN_NEST_PRODUCT_H

#include "targets/cpu/codegen/nest/VectorAccess.h"

namespace visir::cpu {

/// A register tile's product of rows of scalars with vectors, both in flat
/// memory and both a fixed distance further at each step.
struct Product {
  mlir::Type element;
  mlir::Value scalars; ///< one element further per step
  Offset scalarStart;
  int64_t rowPitch = 0; ///< between rows of scalars
  mlir::Value vectors;
  Offset vectorStart;
  int64_t vectorPitch = 0; ///< between steps
  /// Offset from the start and lanes of each vector of a step.
  llvm::SmallVector<std::pair<int64_t, unsigned>, 8> columns;
  /// How far from a step's vectors the lines lie that it fetches ahead.
  llvm::SmallVector<Offset, 2> ahead;
};

/// The sums over `steps` steps, row by row.
llvm::SmallVector<mlir::Value> multiplyRows(KernelBuilder &kb,
                                            const Product &product,
                                            unsigned rows, mlir::Value steps);

/// The same over `steps` of at most `most` steps, as sums of `sum`: sums of f16
/// are taken in short blocks, which add up in it.
llvm::SmallVector<mlir::Value>
multiplyRowsInBlocks(KernelBuilder &kb, const Product &product, unsigned rows,
                     mlir::Value steps, int64_t most, mlir::Type sum);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_NEST_PRODUCT_H
