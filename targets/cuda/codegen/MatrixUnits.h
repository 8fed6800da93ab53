// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a warp's code reaches its matrix units: fragments of f16 or bf16 by
// ldmatrix from tiles in shared memory, and mma.sync m16n8k16.
#ifndef VISIR_TARGETS_CUDA_CODEGEN_MATRIXUNITS_H
#define VISIR_TARGETS_CUDA_CODEGEN_MATRIXUNITS_H

#include "targets/cuda/codegen/MatrixPlan.h"

#include "mlir/IR/Builders.h"

namespace visir::cuda {

class MatrixUnits {
public:
  using Values = llvm::SmallVector<mlir::Value>;

  MatrixUnits(mlir::OpBuilder &b, mlir::Location loc, mlir::FloatType narrow)
      : b(b), loc(loc), narrow(narrow) {}

  /// The aligned pointer of a memref.
  mlir::Value pointerOf(mlir::Value memory);
  /// The pointer to element `number`, of 16 bits.
  mlir::Value element(mlir::Value pointer, mlir::Value number);
  mlir::Value integer(int64_t value); ///< of i32
  mlir::Value toInteger(mlir::Value index);
  /// Where a chunk of a tile lies in it.
  mlir::Value placeOf(const MatrixSide &shape, mlir::Value line,
                      mlir::Value chunk);

  /// A tile in shared memory from element `first` of `memory`, a pointer, on.
  struct Tile {
    const MatrixSide &shape;
    bool deepFast; ///< lines go along the depth
    mlir::Value memory, first;
  };
  /// Four registers of 8 x 8 elements: of 16 places and 16 depths, both from a
  /// multiple of 16 on. The second register has other places, or other depths.
  Values readFragment(const Tile &tile, mlir::Value lane, mlir::Value place,
                      int64_t deep, bool placesFirst);
  /// Adds the product of fragments x, 16 x 16, and y, 16 x 8, to four sums.
  Values multiply(llvm::ArrayRef<mlir::Value> x, llvm::ArrayRef<mlir::Value> y,
                  llvm::ArrayRef<mlir::Value> sums);

private:
  mlir::Value number(int64_t value);
  mlir::Value plus(mlir::Value x, mlir::Value y);
  mlir::Value times(mlir::Value x, int64_t factor);

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::FloatType narrow;
};

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_CODEGEN_MATRIXUNITS_H
