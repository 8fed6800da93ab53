// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compiles modules and runs them, in this process or by a command: what is
// judged by the reference.
#ifndef VISIR_TOOLS_JUDGE_CPURUNNER_H
#define VISIR_TOOLS_JUDGE_CPURUNNER_H

#include "compiler/driver/Compare.h"

namespace visir {

/// A runner for a CPU target that this machine can run ("host",
/// "x86-64-v3"), on `threads` threads (0: all). With a `command`, of words
/// separated by spaces, that is a visir-rt for the target which runs the
/// artifacts, such as "qemu-aarch64 visir-rt".
TargetRunner makeCpuRunner(std::string target, unsigned threads = 0,
                           std::string command = "",
                           Precision precision = Precision::Fp32);

/// The same for one module with bounded dimensions, which is compiled now: the
/// runner takes modules of static shape for what they say of shapes only.
mlir::FailureOr<TargetRunner> makeBoundedRunner(mlir::ModuleOp module,
                                                llvm::StringRef target,
                                                unsigned threads = 0);

} // namespace visir

#endif // VISIR_TOOLS_JUDGE_CPURUNNER_H
