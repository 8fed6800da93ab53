// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Totals of sums that are taken in blocks. They stay in memory: promoted to
// registers over the blocks, they would push the blocks' own sums out.
#ifndef VISIR_TARGETS_CPU_CODEGEN_NEST_TOTALS_H
#define VISIR_TARGETS_CPU_CODEGEN_NEST_TOTALS_H

#include "targets/cpu/codegen/nest/Position.h"

namespace visir::cpu {

/// The `width` lanes at `at` of flat memory of `element`s.
mlir::Value loadTotal(KernelBuilder &kb, mlir::Value memory, Offset at,
                      mlir::Type element, unsigned width);

/// Stores a vector of floats.
void storeTotal(KernelBuilder &kb, mlir::Value memory, Offset at,
                mlir::Value value);

/// Adds a vector of floats to the lanes at `at`.
void addTotal(KernelBuilder &kb, mlir::Value memory, Offset at,
              mlir::Value value);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_NEST_TOTALS_H
