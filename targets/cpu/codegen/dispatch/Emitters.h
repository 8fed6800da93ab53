// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One emitter per kind of root. Each writes the body of a kernel whose
// function `kb` has begun, and finishes it. Errors are reported.
#ifndef VISIR_TARGETS_CPU_CODEGEN_DISPATCH_EMITTERS_H
#define VISIR_TARGETS_CPU_CODEGEN_DISPATCH_EMITTERS_H

#include "targets/cpu/codegen/LoopConfig.h"
#include "targets/cpu/codegen/Loops.h"

namespace visir::cpu {

/// The nest in the config's order, joined; with the config itself.
struct LoopPlan {
  Nest nest;
  LoopConfig config;

  /// The dimension that the lanes run along.
  unsigned laneDim() const {
    unsigned parallel = nest.parallelRank();
    return config.alongReduction ? nest.dims.size() - 1 : parallel - 1;
  }
};

/// Reads `kb.op`'s config; at least one parallel dimension is made, and one
/// reduction dimension when `reduces`.
mlir::FailureOr<LoopPlan> makeLoopPlan(KernelBuilder &kb, bool reduces);

/// Arithmetic ops of the payloads.
double payloadOps(DispatchOp op);

mlir::FailureOr<KernelInfo> emitMap(KernelBuilder &kb);
/// reduce, and contract by plain loops.
mlir::FailureOr<KernelInfo> emitReduce(KernelBuilder &kb);
/// softmax and norm.
mlir::FailureOr<KernelInfo> emitRowWise(KernelBuilder &kb);
mlir::FailureOr<KernelInfo> emitArgReduce(KernelBuilder &kb);
mlir::FailureOr<KernelInfo> emitScan(KernelBuilder &kb);
mlir::FailureOr<KernelInfo> emitTopK(KernelBuilder &kb);
mlir::FailureOr<KernelInfo> emitScatter(KernelBuilder &kb);
mlir::FailureOr<KernelInfo> emitGridSample(KernelBuilder &kb);
/// attention by plain loops.
mlir::FailureOr<KernelInfo> emitPlainAttention(KernelBuilder &kb);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_DISPATCH_EMITTERS_H
