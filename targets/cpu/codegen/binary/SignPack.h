// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_BINARY_SIGNPACK_H
#define VISIR_TARGETS_CPU_CODEGEN_BINARY_SIGNPACK_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// Whether a `reduce` dispatch packs 32 signs into a word, as binary
/// convolutions do it: sum over i of (x > 0 ? 2^i + 2^(32+i) : x < 0 ?
/// 2^(32+i) : 0), in whichever way 0 is counted.
bool packsSigns(DispatchOp op);

/// Its `config`; null, and `reason` then says why, if the channels are not
/// neighbours in memory.
mlir::DictionaryAttr signPackConfig(DispatchOp op, std::string &reason);

/// Its kernel: comparisons of 32 lanes, whose results are the words.
mlir::FailureOr<KernelInfo> emitSignPack(DispatchOp op, const CpuSpec &spec,
                                         mlir::ModuleOp kernels,
                                         llvm::StringRef symbol,
                                         std::string &reason);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_BINARY_SIGNPACK_H
