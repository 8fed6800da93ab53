// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function per op, one file per family. `operands` follows the op's
// operands, absent ones left out; errors are reported at the op. Results
// need not be rounded: the interpreter does that.
#ifndef VISIR_TARGETS_REFERENCE_OPS_H
#define VISIR_TARGETS_REFERENCE_OPS_H

#include "dialects/visir/Visir.h"
#include "targets/reference/Tensor.h"

namespace visir::reference {

using Tensors = llvm::SmallVector<Tensor>;
using Evaluated = mlir::FailureOr<Tensors>;

/// The type of result `i`, a static ranked tensor.
inline mlir::RankedTensorType resultType(mlir::Operation *op, unsigned i = 0) {
  return mlir::cast<mlir::RankedTensorType>(op->getResult(i).getType());
}

/// Elements of a float tensor as its type holds them.
Tensor rounded(const Tensor &tensor);

// Elementwise.cpp
Evaluated evaluateUnary(UnaryOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateBinary(BinaryOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateCompare(CompareOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateSelect(SelectOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateCast(CastOp op, llvm::ArrayRef<Tensor> operands);

// Movement.cpp
Evaluated evaluateReshape(ReshapeOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateTranspose(TransposeOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateSlice(SliceOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluatePad(PadOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateExpand(ExpandOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateConcat(ConcatOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateMove(MoveOp op, llvm::ArrayRef<Tensor> operands);

// Contraction.cpp
Evaluated evaluateMatMul(MatMulOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateConv(ConvOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateConvTranspose(ConvTransposeOp op,
                                llvm::ArrayRef<Tensor> operands);
Evaluated evaluateAttention(AttentionOp op, llvm::ArrayRef<Tensor> operands);

// Reduce.cpp
Evaluated evaluateReduce(ReduceOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateArgReduce(ArgReduceOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateCumSum(CumSumOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateSoftmax(SoftmaxOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateTopK(TopKOp op, llvm::ArrayRef<Tensor> operands);

// Norm.cpp
Evaluated evaluateLayerNorm(LayerNormOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateGroupNorm(GroupNormOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateBatchNorm(BatchNormOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateLrn(LrnOp op, llvm::ArrayRef<Tensor> operands);

// Window.cpp
Evaluated evaluateMaxPool(MaxPoolOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateAvgPool(AvgPoolOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateResize(ResizeOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateGridSample(GridSampleOp op, llvm::ArrayRef<Tensor> operands);

// Indexing.cpp
Evaluated evaluateGather(GatherOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateGatherElements(GatherElementsOp op,
                                 llvm::ArrayRef<Tensor> operands);
Evaluated evaluateGatherND(GatherNDOp op, llvm::ArrayRef<Tensor> operands);
Evaluated evaluateScatterElements(ScatterElementsOp op,
                                  llvm::ArrayRef<Tensor> operands);
Evaluated evaluateScatterND(ScatterNDOp op, llvm::ArrayRef<Tensor> operands);

// Dispatch.cpp
Evaluated evaluateDispatch(DispatchOp op, llvm::ArrayRef<Tensor> operands);

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_OPS_H
