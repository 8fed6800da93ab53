// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CUDA_CODEGEN_LONGSUMS_H
#define VISIR_TARGETS_CUDA_CODEGEN_LONGSUMS_H

#include "targets/common/tiled/Workgroup.h"
#include "targets/cuda/codegen/CudaKernel.h"

namespace visir::cuda {

/// What blocks of an architecture have for the dispatch.
tiled::GroupLimits limitsOf(const Arch &arch, DispatchOp op);

/// Splits the products of f32 in a function, of narrow factors or not, that
/// would leave most cores idle (targets/common/SplitDepth.h). Dispatches must not have a config yet.
void splitLongSums(mlir::func::FuncOp func, const Arch &arch);

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_CODEGEN_LONGSUMS_H
