// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TOOLS_COMMON_WORK_H
#define VISIR_TOOLS_COMMON_WORK_H

#include "runtime/include/visir/runtime.h"

namespace visir::tools {

// What a command does, as the compiler notes it in its configuration.
struct CommandWork {
  double flops = 0; // of the direct method
  // Of the kernel's own method, which filtering makes fewer.
  double executedFlops = 0;
  // With those in lanes and rows whose results nobody needs.
  double issuedFlops = 0;
  // Estimated, of one core that starts two vectors of multiply-adds a cycle;
  // 0 without an estimate.
  double cycles = 0;
};

// Where the configuration says nothing, all operations are those of the direct
// method.
CommandWork workOf(const visir_command_info_t &command);

// Of the lanes and rows that a command computes, the share that nobody needs.
double wastedLanes(const CommandWork &work);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_WORK_H
