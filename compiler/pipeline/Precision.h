// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In which type a program stores and multiplies what its products read.
#ifndef VISIR_COMPILER_PIPELINE_PRECISION_H
#define VISIR_COMPILER_PIPELINE_PRECISION_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace visir {

/// Sums, norms, softmax, inputs and outputs are of the model's types always.
enum class Precision {
  Fp32, ///< products of f32 are exact to its rounding
  Tf32, ///< tensors are of f32, matrix units may round factors to TF32
  Fp16, ///< `visir-narrow-tensors` to f16
  Bf16, ///< the same to bf16
};

/// "fp32" ...; the order of the enumerators.
llvm::StringRef precisionName(Precision precision);
std::optional<Precision> parsePrecision(llvm::StringRef name);

/// The type that tensors are narrowed to, or null.
mlir::FloatType narrowType(mlir::MLIRContext &context, Precision precision);

} // namespace visir

#endif // VISIR_COMPILER_PIPELINE_PRECISION_H
