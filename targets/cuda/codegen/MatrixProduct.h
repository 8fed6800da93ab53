// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product of f16 or bf16 by matrix units: tiles of several steps ahead come
// to shared memory by asynchronous copies, ldmatrix reads them, and sums are
// of f32.
#ifndef VISIR_TARGETS_CUDA_CODEGEN_MATRIXPRODUCT_H
#define VISIR_TARGETS_CUDA_CODEGEN_MATRIXPRODUCT_H

#include "targets/common/scalar/ScalarKernel.h"
#include "targets/cuda/codegen/MatrixPlan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace visir::cuda {

/// Emits what thread `thread` of block `block` does (both of index type) where
/// `b` stands: in `func`, whose arguments are the dispatch's bindings. `shared`
/// is the block's memory, of plan.sharedElements() of i16.
void emitMatrixProduct(mlir::OpBuilder &b, DispatchOp op,
                       const MatrixPlan &plan, mlir::Value block,
                       mlir::Value thread, scalar::Memory &memory,
                       mlir::func::FuncOp func, mlir::Value shared);

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_CODEGEN_MATRIXPRODUCT_H
