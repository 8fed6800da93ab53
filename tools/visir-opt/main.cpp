// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Opt.h"

int main(int argc, char **argv) { return visir::runOpt(argc, argv); }
