// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_PIPELINE_CPUTARGET_H
#define VISIR_COMPILER_PIPELINE_CPUTARGET_H

#include "compiler/pipeline/TargetProgram.h"
#include "targets/cpu/codegen/layout/LayOut.h"

#include <memory>

namespace visir {

/// Kernels for CPUs: each dispatch's best one, or, when `plain`, those that
/// GPUs get (targets/common/scalar), on row-major tensors.
std::unique_ptr<TargetCompiler>
makeCpuTarget(mlir::MLIRContext &context, const cpu::CpuSpec &spec,
              const cpu::LayoutOptions &options, bool plain);

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_CPUTARGET_H
