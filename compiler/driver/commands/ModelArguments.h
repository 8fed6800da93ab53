// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options of commands that import models: which, and what is known of their
// inputs.
#ifndef VISIR_COMPILER_DRIVER_COMMANDS_MODELARGUMENTS_H
#define VISIR_COMPILER_DRIVER_COMMANDS_MODELARGUMENTS_H

#include "compiler/driver/Compile.h"
#include "compiler/driver/commands/Arguments.h"

namespace visir {

/// Parts of a list that commas separate.
std::vector<std::string> splitList(llvm::StringRef text);

class ModelArguments {
public:
  explicit ModelArguments(CompileOptions &options) : options(options) {}

  /// MODEL... and --shape, --bind and --state.
  void declareModels(Arguments &arguments);
  /// --disable.
  void declareDisable(Arguments &arguments);
  /// Reads what the options name, once all are parsed. Returns an error text
  /// or "".
  std::string finish();

private:
  CompileOptions &options;
  std::vector<std::string> shapes, bindings;
};

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_COMMANDS_MODELARGUMENTS_H
