// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_ATTENTION_ATTENTION_H
#define VISIR_TARGETS_CPU_CODEGEN_ATTENTION_ATTENTION_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// The kernel of an `attention` dispatch: per batch point, keys transposed
/// and values copied to panels in scratch; per block of queries, scores in
/// scratch, softmax of whole rows, and the product with the values. On
/// failure nothing is emitted and `reason` says why the kernel does not
/// apply.
mlir::FailureOr<KernelInfo> emitAttention(DispatchOp op, const CpuSpec &spec,
                                          mlir::ModuleOp kernels,
                                          llvm::StringRef symbol,
                                          std::string &reason);

/// The parameters of that kernel, as the dispatch's `config`; null when it
/// does not apply, and `reason` then says why.
mlir::DictionaryAttr attentionConfig(DispatchOp op, const CpuSpec &spec,
                                     std::string &reason);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_ATTENTION_ATTENTION_H
