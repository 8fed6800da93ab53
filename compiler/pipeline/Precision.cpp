// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/Precision.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace visir;

static constexpr llvm::StringLiteral kNames[] = {"fp32", "tf32", "fp16",
                                                 "bf16"};

StringRef visir::precisionName(Precision precision) {
  return kNames[static_cast<unsigned>(precision)];
}

std::optional<Precision> visir::parsePrecision(StringRef name) {
  for (auto [i, known] : llvm::enumerate(kNames))
    if (name == known)
      return static_cast<Precision>(i);
  return std::nullopt;
}

FloatType visir::narrowType(MLIRContext &context, Precision precision) {
  if (precision == Precision::Fp16)
    return Float16Type::get(&context);
  if (precision == Precision::Bf16)
    return BFloat16Type::get(&context);
  return {};
}
