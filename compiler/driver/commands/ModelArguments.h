// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Options of commands that import models: which, and what is known of their
// inputs.
#ifndef VISIR_COMPILER_DRIVER_COMMANDS_MODELARGUMENTS_H
#define VISIR_COMPILER_DRIVER_COMMANDS_MODELARGUMENTS_H

#include "compiler/driver/Compile.h"
#include "compiler/driver/commands/Arguments.h"
#include "compiler/driver/commands/Classes.h"

namespace visir {

/// Parts of a list that commas separate.
std::vector<std::string> splitList(llvm::StringRef text);

class ModelArguments {
public:
  explicit ModelArguments(CompileOptions &options) : options(options) {}

  /// MODEL... and --shape, --bind, --classes, --noise and --state.
  void declareModels(Arguments &arguments);
  /// --disable.
  void declareDisable(Arguments &arguments);
  /// Binds the classes of --classes and appends to `record` what stands for
  /// them. Prints errors and returns the exit code if the command must end.
  std::optional<int> bindClassList(std::string &record);
  /// Reads what the options name, once all are parsed. Returns an error text
  /// or "".
  std::string finish();

private:
  CompileOptions &options;
  std::vector<std::string> shapes, bindings;
  ClassList classes;
};

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_COMMANDS_MODELARGUMENTS_H
