// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/EmulatedRunner.h"
#include "tools/judge/CpuRunner.h"

int main(int argc, char **argv) {
  return visir::runEvaluate(argc, argv, [](llvm::StringRef target,
                                        llvm::StringRef command) {
    if (auto runner = visir::makeEmulatedRunner(target))
      return runner;
    return visir::makeCpuRunner(target.str(), /*threads=*/1, command.str());
  });
}
