// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Commands that judge a target by the reference. Each takes the arguments
// after its name and returns the exit code.
#ifndef VISIR_TOOLS_JUDGE_COMMANDS_H
#define VISIR_TOOLS_JUDGE_COMMANDS_H

#include "compiler/driver/commands/Arguments.h"

namespace visir {

/// `visir compare`: 0 if all outputs agree, 1 if one differs.
int compareCommand(llvm::ArrayRef<char *> arguments);

/// `visir-reduce`: writes the smallest part of a model that differs. 0 if one
/// was written, 1 if the whole model agrees.
int reduceCommand(llvm::ArrayRef<char *> arguments);

} // namespace visir

#endif // VISIR_TOOLS_JUDGE_COMMANDS_H
