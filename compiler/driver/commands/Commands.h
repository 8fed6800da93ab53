// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler's commands of the tool `visir`. Each takes the arguments after
// its name and returns the exit code.
#ifndef VISIR_COMPILER_DRIVER_COMMANDS_COMMANDS_H
#define VISIR_COMPILER_DRIVER_COMMANDS_COMMANDS_H

#include "compiler/driver/commands/Arguments.h"

namespace visir {

int compileCommand(llvm::ArrayRef<char *> arguments);
int opsCommand(llvm::ArrayRef<char *> arguments);
/// Whether `bench` is asked to time a model rather than an artifact.
bool isBenchOfModel(llvm::ArrayRef<char *> arguments);
int benchModelCommand(llvm::ArrayRef<char *> arguments);
/// Whether `inspect` is asked about a model rather than an artifact.
bool isInspectOfModel(llvm::ArrayRef<char *> arguments);
int inspectModelCommand(llvm::ArrayRef<char *> arguments);
/// Whether `compare` is asked for another engine than the reference.
bool isCompareWithEngine(llvm::ArrayRef<char *> arguments);
int compareWithEngineCommand(llvm::ArrayRef<char *> arguments);
/// The Python that modules of the package `visir` run in, and what it needs to
/// find them and this tool.
std::string pythonProgram();
void setPythonEnvironment();
int targetsCommand(llvm::ArrayRef<char *> arguments);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_COMMANDS_COMMANDS_H
