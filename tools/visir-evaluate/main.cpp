// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Evaluate.h"

int main(int argc, char **argv) { return visir::runEvaluate(argc, argv); }
