// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The road of a model: its phases in order, common to all targets up to
// `fused`. Each phase is a list of passes that ends in the verifier of its
// contract.
#ifndef VISIR_COMPILER_PIPELINE_PHASES_H
#define VISIR_COMPILER_PIPELINE_PHASES_H

#include "compiler/transforms/PartialEvaluation.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace visir {

enum class Phase {
  Import,
  Canonical,
  Recognised,
  Fused,
  LaidOut,
  Planned,
  Packaged,
};

/// "import", "canonical" ...; the order of the enumerators.
llvm::StringRef phaseName(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef name);
/// All names, separated by ", ".
std::string phaseNames();

struct PhaseOptions {
  /// Names of rewrites that are switched off.
  std::vector<std::string> disabled;
  /// Runs on this machine what depends on constants only; may be empty.
  ModuleEvaluator evaluate;
};

/// Adds the passes of a common phase (`Canonical` to `Fused`).
void addPhase(mlir::OpPassManager &manager, Phase phase,
              const PhaseOptions &options);

/// The names that PhaseOptions::disabled may hold, in order of the phases.
std::vector<std::string> rewriteNames();
/// Why `name` is not among them, with the nearest ones; or an empty string.
std::string checkRewriteName(llvm::StringRef name);

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_PHASES_H
