// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// visir-rt: runs artifacts with nothing but the runtime.
#include "tools/common/runtime_commands.h"

#include "runtime/include/visir/runtime.h"

#include <cstdio>
#include <cstring>

using namespace visir::tools;

namespace {

void printHelp(FILE *to) {
  fprintf(to,
          "usage: visir-rt COMMAND ARTIFACT.visir [OPTIONS]\n\n%s\n%s\n"
          "`visir-rt COMMAND --help` lists the options of each.\n",
          runtimeCommandsHelp().c_str(), exitCodesHelp());
}

} // namespace

int main(int count, char **words) {
  if (count < 2) {
    printHelp(stderr);
    return kExitUsage;
  }
  if (asksForHelp(1, words + 1)) {
    printHelp(stdout);
    return kExitOk;
  }
  if (strcmp(words[1], "--version") == 0) {
    printf("visir-rt %s\n", visir_runtime_version());
    return kExitOk;
  }
  return runtimeCommand(words[1], count - 2, words + 2);
}
