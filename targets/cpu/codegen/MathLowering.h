// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of math and narrow floats as straight code on scalars and
// vectors, so that nothing reaches libm or libgcc.
#ifndef VISIR_TARGETS_CPU_CODEGEN_MATHLOWERING_H
#define VISIR_TARGETS_CPU_CODEGEN_MATHLOWERING_H

#include "targets/cpu/codegen/Kernel.h"

#include "mlir/Pass/Pass.h"

namespace visir::cpu {

/// A pass over functions that expands the math dialect's functions, fused
/// multiply-add where the core has none, and conversions of f16 and bf16.
std::unique_ptr<mlir::Pass> createMathLoweringPass(const CpuSpec &spec);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_MATHLOWERING_H
