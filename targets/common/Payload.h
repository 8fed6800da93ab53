// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Payload regions on scalars and vectors.
#ifndef VISIR_TARGETS_COMMON_PAYLOAD_H
#define VISIR_TARGETS_COMMON_PAYLOAD_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"

namespace visir {

/// Type of a tensor's elements in memory: signless; i8 for booleans, i16
/// for f16 and bf16.
mlir::Type memoryType(mlir::Type element);

/// Type of a tensor's elements in a payload: signless; i1 for booleans.
mlir::Type scalarType(mlir::Type element);

/// A vector of `lanes` elements, or the element itself when `lanes` is 0.
mlir::Type vectorOrScalar(mlir::Type element, unsigned lanes);

/// The lanes of a vector value, 0 of a scalar.
unsigned lanesOf(mlir::Value value);

/// `value` itself or its splat, so that it has `lanes` lanes.
mlir::Value toLanes(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                    unsigned lanes);

/// A floating-point or integer constant of a scalar or vector type.
mlir::Value makeConstant(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Type type, double value);

/// From an element's form in memory to the payload's and back: booleans are
/// bytes, f16 and bf16 their bits. Scalars and vectors.
mlir::Value fromMemory(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value value, mlir::Type element);
mlir::Value toMemory(mlir::OpBuilder &b, mlir::Location loc,
                     mlir::Value value, mlir::Type element);

/// Clones a payload to where `b` stands and returns what it yields. Argument
/// i is what `argument(i)` gives, asked for only if the payload uses it: a
/// scalar (the same for all lanes) or a vector of one common length. Ops on
/// scalars alone stay scalar; a yielded value may be scalar too.
llvm::SmallVector<mlir::Value>
clonePayload(mlir::OpBuilder &b, mlir::Block &payload,
             llvm::function_ref<mlir::Value(unsigned)> argument);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_PAYLOAD_H
