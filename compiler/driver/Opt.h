// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_DRIVER_OPT_H
#define VISIR_COMPILER_DRIVER_OPT_H

namespace visir {

/// visir-opt: runs passes over IR text. Returns the exit status.
int runOpt(int argc, char **argv);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_OPT_H
