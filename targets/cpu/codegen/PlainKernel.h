// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_PLAINKERNEL_H
#define VISIR_TARGETS_CPU_CODEGEN_PLAINKERNEL_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// The kernel of targets/common/scalar as a function of the CPU's ABI, named
/// `symbol`, at the end of `kernels`: what GPUs run, to be judged without
/// one. Errors are reported at the dispatch.
mlir::FailureOr<KernelInfo> emitPlainKernel(DispatchOp op, const CpuSpec &spec,
                                            mlir::ModuleOp kernels,
                                            llvm::StringRef symbol);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_PLAINKERNEL_H
