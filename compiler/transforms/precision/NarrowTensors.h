// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors of f32 in a narrower type, where products read them.
#ifndef VISIR_COMPILER_TRANSFORMS_PRECISION_NARROWTENSORS_H
#define VISIR_COMPILER_TRANSFORMS_PRECISION_NARROWTENSORS_H

#include "dialects/visir/Visir.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace visir {

/// Runs `visir-narrow-tensors` (Passes.td) on a function of dispatches without
/// layouts and configs. Fails, with an error, where a weight is beyond the
/// range of `narrow` (f16 or bf16).
mlir::LogicalResult narrowTensors(mlir::func::FuncOp func,
                                  mlir::FloatType narrow);

#define GEN_PASS_DECL
#include "compiler/transforms/precision/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/transforms/precision/Passes.h.inc"

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_PRECISION_NARROWTENSORS_H
