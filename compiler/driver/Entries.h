// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The entry points of a compilation: from one or several models, with states
// between runs.
#ifndef VISIR_COMPILER_DRIVER_ENTRIES_H
#define VISIR_COMPILER_DRIVER_ENTRIES_H

#include "frontends/onnx/Import.h"

namespace visir {

/// Imports the models into one module. The entry points of several models are
/// named after their files. `unsupported` is as of importOnnx.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
importModels(mlir::MLIRContext &context, llvm::ArrayRef<std::string> paths,
             const ImportOptions &options, bool &unsupported);

/// Makes each input (first) keep the value of an output (second) from run to
/// run, in memory of the session that is zero at first and that all entry
/// points share by the input's name. An entry may have only the input, which
/// it then reads, or only the output, which it then sets.
mlir::LogicalResult
declareStates(mlir::ModuleOp module,
              llvm::ArrayRef<std::pair<std::string, std::string>> states);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_ENTRIES_H
