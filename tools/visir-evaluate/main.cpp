// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/EmulatedRunner.h"
#include "tools/judge/CpuRunner.h"

int main(int argc, char **argv) {
  return visir::runEvaluate(
      argc, argv, [](const visir::EvaluateOptions &options) {
        if (auto runner = visir::makeEmulatedRunner(options.target,
                                                    options.precision))
          return runner;
        return visir::makeCpuRunner(options.target, /*threads=*/1,
                                    options.runner, options.precision);
      });
}
