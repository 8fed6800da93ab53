// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_DISPATCH_HEATMAPDECODE_H
#define VISIR_TARGETS_CPU_CODEGEN_DISPATCH_HEATMAPDECODE_H

#include "targets/cpu/codegen/KernelBuilder.h"

namespace visir::cpu {

/// An arg_reduce that decodes heatmaps.
mlir::FailureOr<KernelInfo> emitHeatmapDecode(KernelBuilder &kb);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_DISPATCH_HEATMAPDECODE_H
