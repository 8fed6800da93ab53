// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise functions as scalar arith and math ops. `element` is the
// tensor's element type, which carries the signedness that the signless
// scalars lack.
#ifndef VISIR_COMPILER_CONVERSION_GRAPHTODISPATCH_PAYLOADS_H
#define VISIR_COMPILER_CONVERSION_GRAPHTODISPATCH_PAYLOADS_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"

namespace visir {

/// The signless scalar type of a payload value of `element`.
mlir::Type payloadType(mlir::Type element);

/// The type in which payloads compute on `element`: f32 for f16 and bf16.
mlir::Type computeType(mlir::Type element);

/// A scalar constant of `type` (float or signless integer).
mlir::Value scalarConstant(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::Type type, double value);
mlir::Value scalarConstant(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::Type type, int64_t value);

mlir::Value buildUnary(mlir::OpBuilder &b, mlir::Location loc, UnaryKind kind,
                       mlir::Value x, mlir::Type element,
                       llvm::ArrayRef<double> params);

/// `rhsElement` differs from `element` only for pow.
mlir::Value buildBinary(mlir::OpBuilder &b, mlir::Location loc,
                        BinaryKind kind, mlir::Value lhs, mlir::Value rhs,
                        mlir::Type element, mlir::Type rhsElement);

mlir::Value buildCompare(mlir::OpBuilder &b, mlir::Location loc,
                         CompareKind kind, mlir::Value lhs, mlir::Value rhs,
                         mlir::Type element);

/// Converts between the compute types of two elements.
mlir::Value buildCast(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                      mlir::Type from, mlir::Type to);

/// The bits of an element as another element, both in their compute types.
mlir::Value buildBitcast(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                         mlir::Type from, mlir::Type to);

/// Maps unsigned integers onto signed ones in the same order, and back: the
/// roots compare signless integers as signed. Other types stay as they are.
mlir::Value swapSignOrder(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value x, mlir::Type element);

} // namespace visir

#endif // VISIR_COMPILER_CONVERSION_GRAPHTODISPATCH_PAYLOADS_H
