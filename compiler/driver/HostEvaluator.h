// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_DRIVER_HOSTEVALUATOR_H
#define VISIR_COMPILER_DRIVER_HOSTEVALUATOR_H

#include "compiler/transforms/PartialEvaluation.h"

namespace visir {

/// Compiles modules of graph ops that have passed the phase `canonical` for
/// the CPU of this machine, in f32, and runs them on all of its processors.
/// The code uses the vectors of x86-64-v3 where the CPU has them (else
/// x86-64-v2), so that the results are the same bits on all such machines.
ModuleEvaluator makeHostEvaluator();

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_HOSTEVALUATOR_H
