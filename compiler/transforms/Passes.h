// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The passes of the phases `canonical` and `recognised`.
#ifndef VISIR_COMPILER_TRANSFORMS_PASSES_H
#define VISIR_COMPILER_TRANSFORMS_PASSES_H

#include "compiler/transforms/PartialEvaluation.h"
#include "dialects/visir/Visir.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace visir {

#define GEN_PASS_DECL
#include "compiler/transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Passes.h.inc"

/// Whether the rewrite of this name (a pass's flag without `visir-`) is on.
using RewriteFilter = llvm::function_ref<bool(llvm::StringRef name)>;

/// Adds the passes of a phase, those that `enabled` refuses aside, and the
/// check of its contract. `evaluate` computes what depends on constants only.
void addCanonicalPasses(mlir::OpPassManager &pm, RewriteFilter enabled);
void addRecognisedPasses(mlir::OpPassManager &pm, RewriteFilter enabled,
                         const ModuleEvaluator &evaluate = {});

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_PASSES_H
