// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of arith and math on the bits of scalars, rounded as a device does.
#ifndef VISIR_TARGETS_CUDA_EMULATOR_SCALAR_H
#define VISIR_TARGETS_CUDA_EMULATOR_SCALAR_H

#include "mlir/IR/Operation.h"

#include <functional>

namespace visir::cuda {

/// Bits of a scalar of the type; an index has 32.
unsigned bitsOf(mlir::Type type);

/// The bits, zero-extended, as a signed number.
int64_t signExtend(uint64_t bits, unsigned width);

/// Bits to a number and back; f16, bf16, f32 and f64.
double toNumber(uint64_t bits, mlir::Type type);
uint64_t fromNumber(double number, mlir::Type type);

/// The bits of an op's result from those of its operands.
using ScalarFn = std::function<uint64_t(const uint64_t *operands)>;

/// The function of an op with one result; null for an op that is not one of
/// scalars.
ScalarFn scalarFunction(mlir::Operation *op);

} // namespace visir::cuda

#endif // VISIR_TARGETS_CUDA_EMULATOR_SCALAR_H
