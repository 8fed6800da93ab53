// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One compilation, from a model's file to an artifact.
#ifndef VISIR_COMPILER_DRIVER_COMPILE_H
#define VISIR_COMPILER_DRIVER_COMPILE_H

#include "compiler/artifact/WriteArtifact.h"
#include "compiler/pipeline/Phases.h"
#include "compiler/pipeline/Precision.h"
#include "frontends/onnx/Import.h"
#include "targets/cpu/codegen/layout/LayOut.h"

#include "mlir/IR/MLIRContext.h"

#include <functional>

namespace visir {

enum class EmitKind { Artifact, StaticLibrary, Object, Assembly, LLVMIR, MLIR };

struct CompileOptions {
  /// .onnx, or one .mlir to go on from a phase. The entry points of several
  /// models are named after their files.
  std::vector<std::string> inputs;
  std::string output; ///< "-" for standard output where text is emitted
  std::vector<std::string> targets{"host"};
  ImportOptions import;
  /// Inputs that keep the value of an output from run to run: their names.
  std::vector<std::pair<std::string, std::string>> states;
  PhaseOptions phases;
  cpu::LayoutOptions layout;
  Precision precision = Precision::Fp32;
  bool selfTest = true;        ///< golden results for devices to prove
  Phase from = Phase::Import;  ///< of an .mlir input: the phase it has passed
  Phase to = Phase::Packaged;  ///< stops after this phase and prints IR
  EmitKind emit = EmitKind::Artifact;
  std::string dumpFolder; ///< the IR after every phase goes here
  std::optional<PreprocessSpec> preprocess;
  /// The options as on a command line, for the artifact to record.
  std::string record;
  /// Called when a step begins, with its name.
  std::function<void(llvm::StringRef)> progress;
};

/// Outcome of a compilation; the values are the tool's exit codes.
enum class CompileStatus { Ok = 0, Failed = 1, Unsupported = 2 };

/// A context with all dialects, whose errors go to its diagnostic engine.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// Runs a compilation. Errors are diagnostics of the context.
CompileStatus compileModel(mlir::MLIRContext &context,
                           const CompileOptions &options);

/// The same for a module in memory that has passed the phase `from`; it is
/// changed.
CompileStatus compileModule(mlir::ModuleOp module,
                            const CompileOptions &options);

/// Imports a model and runs the common phases up to `to` at most.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
compileToPhase(mlir::MLIRContext &context, const CompileOptions &options,
               Phase to, CompileStatus &status);

/// Runs the common phases after `options.from` up to `to` at most on a module,
/// which is changed.
CompileStatus continueToPhase(mlir::ModuleOp module,
                              const CompileOptions &options, Phase to);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_COMPILE_H
