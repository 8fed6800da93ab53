// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels with register tiles, by root: contraction, window, attention.
#ifndef VISIR_TARGETS_CPU_CODEGEN_TILED_H
#define VISIR_TARGETS_CPU_CODEGEN_TILED_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// The `config` of a dispatch that has a kernel with register tiles; null if
/// it has none, and `reason` then says why.
mlir::DictionaryAttr tiledConfig(DispatchOp op, const CpuSpec &spec,
                                 std::string &reason);

/// Whether such a kernel makes the sums among the dispatch's stores; if not,
/// `reason` says why. Other kernels make none.
bool sumsInKernel(DispatchOp op, const CpuSpec &spec, std::string &reason);

/// Emits that kernel. On failure nothing is emitted and `reason` says why.
mlir::FailureOr<KernelInfo> emitTiled(DispatchOp op, const CpuSpec &spec,
                                      mlir::ModuleOp kernels,
                                      llvm::StringRef symbol,
                                      std::string &reason);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_TILED_H
