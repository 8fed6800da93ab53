// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The targets that this build has, by name.
#ifndef VISIR_COMPILER_PIPELINE_TARGETS_H
#define VISIR_COMPILER_PIPELINE_TARGETS_H

#include "compiler/pipeline/TargetProgram.h"
#include "targets/cpu/codegen/layout/LayOut.h"

#include <memory>

namespace visir {

/// The compiler of the target `name` ("x86-64-v3", "host", "cuda:sm_90"), or
/// null. Its kernels belong to the context.
std::unique_ptr<TargetCompiler> makeTarget(mlir::MLIRContext &context,
                                           llvm::StringRef name,
                                           const cpu::LayoutOptions &options);

/// A target as `visir targets` lists it.
struct TargetDescription {
  std::string name;
  std::string text; ///< for people
};
std::vector<TargetDescription> describeTargets();

/// All names, separated by ", ".
std::string targetNames();

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_TARGETS_H
