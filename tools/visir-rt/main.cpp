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
          "usage: visir-rt COMMAND ARTIFACT.visir [OPTIONS]\n\n"
          "  run       run once and print or write the outputs\n"
          "  bench     measure warm runs and each command\n"
          "  profile   measure each command, few runs\n"
          "  inspect   print what is in the artifact\n"
          "  verify    check structure, meaning and all digests\n\n"
          "%s\n"
          "exit codes: 0 success, 1 failure, 2 wrong command line\n",
          runtimeOptionsHelp());
}

} // namespace

int main(int count, char **words) {
  if (count < 2) {
    printHelp(stderr);
    return kExitUsage;
  }
  for (int i = 1; i < count; ++i) {
    if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) {
      printHelp(stdout);
      return kExitOk;
    }
  }
  if (strcmp(words[1], "--version") == 0) {
    printf("visir-rt %s\n", visir_runtime_version());
    return kExitOk;
  }
  return runtimeCommand(words[1], count - 2, words + 2);
}
