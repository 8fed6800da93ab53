// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/judge/Commands.h"

int main(int argc, char **argv) {
  return visir::reduceCommand(llvm::ArrayRef<char *>(argv + 1, argv + argc));
}
