// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From fused dispatches to the program of a CPU: the phases `laid-out` and
// `planned` and the code of all kernels.
#ifndef VISIR_COMPILER_PIPELINE_CPUPROGRAM_H
#define VISIR_COMPILER_PIPELINE_CPUPROGRAM_H

#include "compiler/artifact/WriteArtifact.h"
#include "targets/cpu/codegen/Kernel.h"
#include "targets/cpu/codegen/layout/LayOut.h"

namespace visir {

/// Lays out, generates code for, and plans `module` (which is changed). Equal
/// dispatches share one kernel. `dump`, if not null, receives LLVM IR,
/// assembly and object.
mlir::FailureOr<ProgramCode> compileForCpu(mlir::ModuleOp module,
                                           const cpu::CpuSpec &spec,
                                           const cpu::LayoutOptions &options,
                                           cpu::CompileDump *dump = nullptr);

/// Chooses layouts and kernel configurations: the phase `laid-out`.
mlir::LogicalResult layOutForCpu(mlir::ModuleOp module,
                                 const cpu::CpuSpec &spec,
                                 const cpu::LayoutOptions &options);

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_CPUPROGRAM_H
