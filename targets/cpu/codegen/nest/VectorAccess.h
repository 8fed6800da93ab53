// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads and stores of the lanes of a vector that lie `stride` apart in flat
// memory, never touching a lane that is not valid.
#ifndef VISIR_TARGETS_CPU_CODEGEN_NEST_VECTORACCESS_H
#define VISIR_TARGETS_CPU_CODEGEN_NEST_VECTORACCESS_H

#include "targets/cpu/codegen/nest/Position.h"

namespace visir::cpu {

/// A vector of `width` lanes of which the first `valid` are in memory.
struct LaneGroup {
  unsigned width = 1;
  unsigned valid = 1;
};

/// One element as a payload scalar; `element` is the tensor's own type.
mlir::Value loadElement(KernelBuilder &kb, mlir::Value memory, Offset at,
                        mlir::Type element);

/// The lanes as a payload vector; with stride 0 a payload scalar. Lanes that
/// are not valid hold zero or anything.
mlir::Value loadLanes(KernelBuilder &kb, mlir::Value memory, Offset at,
                      int64_t stride, mlir::Type element, LaneGroup lanes);

/// Stores the valid lanes of a payload vector, or of the splat of a scalar.
void storeLanes(KernelBuilder &kb, mlir::Value memory, Offset at,
                int64_t stride, mlir::Type element, LaneGroup lanes,
                mlir::Value value);

/// A payload value with elements of `element`: floats of the same or fewer
/// bits are extended; of an extension from `element` it is what was extended.
mlir::Value toElement(KernelBuilder &kb, mlir::Value value,
                      mlir::Type element);

/// Whether a payload's value is a load, or the extension of one of `element`.
bool isPlainLoad(mlir::Value value, mlir::Type element);

/// f16 where f32 `factors` are extended from it and the core is to add up
/// their products in it; else their own type.
mlir::Type elementOfProducts(const CpuSpec &spec, mlir::ValueRange factors);

/// Products that are added up in f16 one after the other, at most and about.
inline constexpr int64_t kMostHalfSteps = 96, kHalfBlock = 64;

/// Steps whose scalars, side by side in memory, are loaded as one vector: the
/// lanes of one where a multiply-add takes a lane as its factor, else 1.
unsigned scalarsPerLoad(const CpuSpec &spec, mlir::Type element);

/// One lane of a vector in all lanes of a vector of `width`.
mlir::Value splatLane(KernelBuilder &kb, mlir::Value vector, unsigned lane,
                      unsigned width);

/// x + y, and x * y + sum, on vectors of floats or integers; the latter is
/// fused where the core can.
mlir::Value addLanes(KernelBuilder &kb, mlir::Value x, mlir::Value y);
mlir::Value multiplyAdd(KernelBuilder &kb, mlir::Value x, mlir::Value y,
                        mlir::Value sum);

} // namespace visir::cpu

#endif // VISIR_TARGETS_CPU_CODEGEN_NEST_VECTORACCESS_H
