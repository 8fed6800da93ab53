// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Golden results by which a device proves itself before it is used.
#ifndef VISIR_COMPILER_DRIVER_SELFTEST_H
#define VISIR_COMPILER_DRIVER_SELFTEST_H

#include "compiler/artifact/WriteArtifact.h"

namespace visir {

/// Gives kernels of a compiled program a self test: their dispatches are
/// compiled for the target `plain`, one entry point each, and run here on the
/// values that runtime/schema/self_test.h draws. Left out are kernels that
/// take too much memory or time for that. Where nothing can be judged a
/// warning says so.
void addSelfTests(ProgramCode &code);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_SELFTEST_H
