// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PACKING_H
#define VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PACKING_H

#include "targets/cpu/codegen/Kernel.h"

namespace visir::cpu {

/// Columns of a packed panel, the same for all instruction sets.
inline constexpr int64_t kPanelWidth = 16;

/// The layout in which the kernel of a `contract` or depthwise `reduce`
/// dispatch wants the constant weights at `operand`, given the layouts that
/// its other operands and results have: N/16 panels of [kernel][ci][16], or
/// [kernel][channel]. Null when the operand may stay as it is.
LayoutAttr packedWeightLayout(DispatchOp op, unsigned operand,
                              const CpuSpec &spec);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_CONTRACTION_PACKING_H
