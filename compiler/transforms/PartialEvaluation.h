// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What depends on constants only, computed while compiling.
#ifndef VISIR_COMPILER_TRANSFORMS_PARTIALEVALUATION_H
#define VISIR_COMPILER_TRANSFORMS_PARTIALEVALUATION_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <functional>
#include <vector>

namespace visir {

/// The values of some tensors, in row-major order as of Constants.h.
using TensorBytes = std::vector<std::vector<char>>;

/// Compiles a module of one entry point for this machine and runs it once for
/// each element of `runs`, which holds a value for each argument; gives the
/// results of each run. Errors are diagnostics of the module's context.
using ModuleEvaluator = std::function<mlir::FailureOr<std::vector<TensorBytes>>(
    mlir::ModuleOp module, llvm::ArrayRef<TensorBytes> runs)>;

/// The pass `visir-partial-evaluation`; without an evaluator it does nothing.
std::unique_ptr<mlir::Pass> createPartialEvaluation(ModuleEvaluator evaluate);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_PARTIALEVALUATION_H
