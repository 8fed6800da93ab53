// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// 3x3 convolutions of stride 1 by minimal filtering: blocks of input tiles are
// transformed to scratch, multiplied with transformed weights by one matrix
// product per point, and transformed back into the epilogue.
#ifndef VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_WINOGRAD_H
#define VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_WINOGRAD_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// The number of results per dimension (2 or 4) of the filtering that is
/// estimated to be faster than the direct kernel, at most `most`, or 0. The
/// dispatch's activations have their layouts.
int64_t chooseWinograd(DispatchOp op, const CpuSpec &spec, int64_t most);

/// Where `chooseWinograd` asks for it, replaces the constant weights
/// co x ci x 3 x 3 by their transform co x ci x (outputs + 2) x (outputs + 2)
/// and sets the `config` that tells the kernel so. The dispatch then has its
/// meaning only together with that config. Returns whether it changed.
bool applyWinograd(DispatchOp op, const CpuSpec &spec, int64_t most);

/// The kernel of a dispatch with that config. On failure nothing is emitted
/// and `reason` says why.
mlir::FailureOr<KernelInfo> emitWinograd(DispatchOp op, const CpuSpec &spec,
                                         mlir::ModuleOp kernels,
                                         llvm::StringRef symbol,
                                         std::string &reason);

/// The config for `outputs` results per dimension.
mlir::DictionaryAttr winogradConfig(DispatchOp op, int64_t outputs);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_WINOGRAD_H
