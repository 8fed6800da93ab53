// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the values of a root come together, as code on scalars and vectors.
#ifndef VISIR_TARGETS_COMMON_COMBINE_H
#define VISIR_TARGETS_COMMON_COMBINE_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"

namespace visir {

/// How values are combined; the order is fixed by the code, not by tiles.
enum class Combiner { Sum, Prod, Max, Min };

/// The combiner of a reduce root.
Combiner combinerOf(ReduceKind kind);

/// Combines two values of one type; integers compare as signed ones.
mlir::Value emitCombine(mlir::OpBuilder &b, mlir::Location loc,
                        Combiner combiner, mlir::Value x, mlir::Value y);

/// The value that changes nothing, as an initial value.
mlir::Value emitIdentity(mlir::OpBuilder &b, mlir::Location loc,
                         Combiner combiner, mlir::Type type);

/// running + x * y.
mlir::Value emitMultiplyAdd(mlir::OpBuilder &b, mlir::Location loc,
                            mlir::Value x, mlir::Value y, mlir::Value running);

/// The element after `update` has been scattered to `old`; f16 and bf16
/// combine as f32.
mlir::Value emitScattered(mlir::OpBuilder &b, mlir::Location loc,
                          ScatterKind kind, mlir::Value old,
                          mlir::Value update, bool isUnsigned);

/// x > y, or x < y when `smaller`, on floats and signed integers.
mlir::Value emitIsBetter(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value x, mlir::Value y, bool smaller);

/// x == y on floats and integers.
mlir::Value emitIsEqual(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                        mlir::Value y);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_COMBINE_H
