// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_PIPELINE_CUDATARGET_H
#define VISIR_COMPILER_PIPELINE_CUDATARGET_H

#include "compiler/pipeline/TargetProgram.h"
#include "targets/cuda/codegen/CudaKernel.h"

#include <memory>

namespace visir {

/// Plain kernels for NVIDIA's GPUs. `name` is "cuda:sm_90"; null for another
/// one.
std::unique_ptr<TargetCompiler> makeCudaTarget(mlir::MLIRContext &context,
                                               llvm::StringRef name);

/// Gives a function of dispatches the forms and types that kernels of the
/// architecture are for: layOut of that target.
mlir::LogicalResult layOutForCuda(mlir::func::FuncOp func,
                                  const cuda::Arch &arch, Precision precision);

/// "cuda:sm_75" ...
std::vector<std::string> cudaTargetNames();

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_CUDATARGET_H
