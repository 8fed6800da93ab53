// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sliding windows that keep their channels: depthwise convolutions and pools.
#ifndef VISIR_TARGETS_CPU_CODEGEN_WINDOW_WINDOW_H
#define VISIR_TARGETS_CPU_CODEGEN_WINDOW_WINDOW_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// The kernel of a `reduce` dispatch over a window: register tiles of pixels
/// along a row by vectors of channels; each input vector is loaded once per
/// window row. On failure nothing is emitted and `reason` says why the kernel
/// does not apply.
mlir::FailureOr<KernelInfo> emitWindow(DispatchOp op, const CpuSpec &spec,
                                       mlir::ModuleOp kernels,
                                       llvm::StringRef symbol,
                                       std::string &reason);

/// The parameters of that kernel, as the dispatch's `config`; null when it
/// does not apply, and `reason` then says why.
mlir::DictionaryAttr windowConfig(DispatchOp op, const CpuSpec &spec,
                                  std::string &reason);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_WINDOW_WINDOW_H
