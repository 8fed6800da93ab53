// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs models on the reference: visir-evaluate and all that judges results.
#ifndef VISIR_COMPILER_DRIVER_EVALUATE_H
#define VISIR_COMPILER_DRIVER_EVALUATE_H

#include "compiler/driver/Npz.h"
#include "compiler/pipeline/Precision.h"
#include "frontends/onnx/Import.h"
#include "targets/reference/Interpreter.h"

#include <functional>

namespace visir {

/// What to evaluate.
struct EvaluateOptions {
  std::string model;   ///< .onnx, or IR text
  std::string entry;   ///< name of a function; empty for the first
  std::string inputs;  ///< .npz by input names, or .npy for the only input
  std::string outputs; ///< .npz to write
  std::vector<std::string> shapes, bindings; ///< as on the command line
  std::string noise; ///< as on the command line; empty for none
  std::vector<std::string> bound; ///< inputs that are constants of their value
  /// Run before: passes as text ("visir-graph-to-dispatch"), or the name of
  /// a phase up to `fused`, up to which all run.
  std::string passes;
  std::string target; ///< runs there; empty for the reference
  std::string runner; ///< command that runs the target's artifacts, or empty
  Precision precision = Precision::Fp32; ///< of the target's program
  bool wide = false;  ///< floats are written as f64
};

/// How an evaluation ended; the values are exit statuses.
enum class EvaluateStatus { Done = 0, Failed = 1, Refused = 2 };

/// Compiles a module of graph ops for a target and runs its only function.
/// Errors are diagnostics of the module's context.
using TargetRunner =
    std::function<mlir::FailureOr<llvm::SmallVector<reference::Tensor>>(
        mlir::ModuleOp, llvm::ArrayRef<reference::Tensor>)>;
/// The runner of what the options say of a target.
using MakeRunner = std::function<TargetRunner(const EvaluateOptions &)>;

/// Evaluates and writes the outputs; `text` receives the errors. `makeRunner`
/// is needed only for options with a target.
EvaluateStatus evaluateFiles(const EvaluateOptions &options, std::string &text,
                             const MakeRunner &makeRunner = {});

/// Reads a module from .onnx or IR text. `unsupported` is as of importOnnx.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
loadModel(mlir::MLIRContext &context, llvm::StringRef path,
          const ImportOptions &options, bool *unsupported = nullptr);

/// Emits an error for each node without import, which the reference cannot
/// run; tells whether there is one.
bool refuseOpaque(mlir::ModuleOp module);

/// The function `name`, or the first one if `name` is empty.
mlir::FailureOr<mlir::func::FuncOp> findEntry(mlir::ModuleOp module,
                                              llvm::StringRef name);

/// Name of argument or result `i`: its `visir.name`, else its number.
std::string argumentName(mlir::func::FuncOp function, unsigned i);
std::string resultName(mlir::func::FuncOp function, unsigned i);

/// One tensor for each argument, found by its name (an array without a name
/// is for the only argument). Errors are reported at the function.
mlir::FailureOr<llvm::SmallVector<reference::Tensor>>
bindInputs(mlir::func::FuncOp function, llvm::ArrayRef<NpyArray> arrays);

/// The array of a tensor; `wide` keeps floats as f64.
NpyArray toArray(llvm::StringRef name, const reference::Tensor &tensor,
                 bool wide);

/// Prepares bindings for the import: a value that is the path of a .npy file
/// becomes its elements. Returns an error text, or an empty string.
std::string expandBindings(std::vector<std::string> &bindings);

/// visir-evaluate.
int runEvaluate(int argc, char **argv, const MakeRunner &makeRunner);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_EVALUATE_H
