// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs artifacts by another program: on a board, or under an emulator.
#ifndef VISIR_TOOLS_JUDGE_COMMANDRUNNER_H
#define VISIR_TOOLS_JUDGE_COMMANDRUNNER_H

#include "compiler/driver/Evaluate.h"

namespace visir {

/// Runs the first entry of the artifact at `path`, made from `function`, by
/// `command`: the words of a visir-rt, separated by spaces, such as
/// "qemu-aarch64 visir-rt". Tensors travel as raw files. Throws
/// std::runtime_error with what the command says when it fails.
llvm::SmallVector<reference::Tensor>
runByCommand(llvm::StringRef command, const std::string &path,
             mlir::func::FuncOp function,
             llvm::ArrayRef<reference::Tensor> inputs, unsigned threads);

} // namespace visir

#endif // VISIR_TOOLS_JUDGE_COMMANDRUNNER_H
