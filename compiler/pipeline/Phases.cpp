// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/Phases.h"

#include "compiler/conversion/GraphToDispatch/GraphToDispatch.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace visir;

static constexpr llvm::StringLiteral kNames[] = {
    "import", "canonical", "recognised", "fused",
    "laid-out", "planned", "packaged"};

StringRef visir::phaseName(Phase phase) {
  return kNames[static_cast<unsigned>(phase)];
}

std::optional<Phase> visir::parsePhase(StringRef name) {
  for (auto [i, known] : llvm::enumerate(kNames))
    if (name == known)
      return static_cast<Phase>(i);
  return std::nullopt;
}

std::string visir::phaseNames() {
  return llvm::join(std::begin(kNames), std::end(kNames), ", ");
}

static void addPasses(OpPassManager &manager, Phase phase,
                      RewriteFilter enabled,
                      const ModuleEvaluator &evaluate = {}) {
  switch (phase) {
  case Phase::Canonical:
    addCanonicalPasses(manager, enabled);
    break;
  case Phase::Recognised:
    addRecognisedPasses(manager, enabled, evaluate);
    break;
  case Phase::Fused:
    manager.addPass(createGraphToDispatchPass());
    if (enabled("fuse-dispatches"))
      manager.addNestedPass<func::FuncOp>(createFuseDispatches());
    if (enabled("fuse-shifts"))
      manager.addNestedPass<func::FuncOp>(createFuseShifts());
    if (enabled("fuse-prologues"))
      manager.addNestedPass<func::FuncOp>(createFusePrologues());
    if (enabled("fuse-sums"))
      manager.addNestedPass<func::FuncOp>(createFuseSums());
    manager.addPass(createVerifyFused());
    break;
  default:
    break;
  }
}

void visir::addPhase(OpPassManager &manager, Phase phase,
                     const PhaseOptions &options) {
  addPasses(
      manager, phase,
      [&](StringRef name) {
        return !llvm::is_contained(options.disabled, name);
      },
      options.evaluate);
}

std::vector<std::string> visir::rewriteNames() {
  std::vector<std::string> names;
  OpPassManager manager(ModuleOp::getOperationName());
  for (Phase phase : {Phase::Canonical, Phase::Recognised, Phase::Fused})
    addPasses(manager, phase, [&](StringRef name) {
      if (!llvm::is_contained(names, name))
        names.push_back(name.str());
      return false;
    });
  return names;
}

std::string visir::checkRewriteName(StringRef name) {
  std::vector<std::string> known = rewriteNames();
  if (llvm::is_contained(known, name))
    return "";
  llvm::stable_sort(known, [&](const std::string &a, const std::string &b) {
    return name.edit_distance(a) < name.edit_distance(b);
  });
  return ("rewrite is " + name + ", expected one such as " + known[0] + ", " +
          known[1] + " or " + known[2])
      .str();
}
