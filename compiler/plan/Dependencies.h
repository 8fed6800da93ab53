// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which commands must wait for which: data and reuse of memory alike.
#ifndef VISIR_COMPILER_PLAN_DEPENDENCIES_H
#define VISIR_COMPILER_PLAN_DEPENDENCIES_H

#include "dialects/visir_exec/VisirExec.h"

namespace visir {

/// The byte ranges that a command touches.
struct CommandAccess {
  llvm::SmallVector<exec::RefAttr> reads, writes;
};

/// For each command the earlier commands it must wait for, without those
/// that another of them waits for anyway; in rising order.
std::vector<llvm::SmallVector<int64_t>>
commandDependencies(llvm::ArrayRef<CommandAccess> commands);

} // namespace visir

#endif // VISIR_COMPILER_PLAN_DEPENDENCIES_H
