// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions of stride 1 with three taps along one or two dimensions by
// minimal filtering: blocks of input tiles are
// transformed to scratch, multiplied with transformed weights by one matrix
// product per point, and transformed back into the epilogue.
#ifndef VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_WINOGRAD_H
#define VISIR_TARGETS_CPU_CODEGEN_WINOGRAD_WINOGRAD_H

#include "targets/cpu/codegen/Kernel.h"

#include <cstdint>

namespace visir::cpu {

struct WinogradOptions {
  /// Most results per tile and dimension: 4, 2, or 0 for plain sums only.
  int64_t most = 4;
  /// Keeps the estimated rounding of all contractions together within
  /// 1.6 times that of plain sums.
  bool bounded = true;
  /// Bytes that all transformed weights together may have more than the
  /// plain ones.
  int64_t mostBytes = INT64_MAX;
};

/// Chooses the kernels of a network's convolutions, whose activations have
/// their layouts, by estimates of time and rounding. Where that is filtering,
/// each extent 3 of the constant weights' window becomes outputs + 2 by their
/// transform, and the dispatch gets the `config` that tells the kernel so; it
/// has its meaning only together with that config.
void chooseWinograd(llvm::ArrayRef<DispatchOp> ops, const CpuSpec &spec,
                    const WinogradOptions &options);

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
