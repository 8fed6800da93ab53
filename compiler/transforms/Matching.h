// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small questions about graph values that patterns share.
#ifndef VISIR_COMPILER_TRANSFORMS_MATCHING_H
#define VISIR_COMPILER_TRANSFORMS_MATCHING_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/PatternMatch.h"

#include <optional>

namespace visir {

/// The static shape of a tensor.
llvm::ArrayRef<int64_t> shapeOfValue(mlir::Value value);
mlir::Type elementTypeOf(mlir::Value value);
inline int64_t rankOf(mlir::Value value) { return shapeOfValue(value).size(); }

/// The one value of all elements of a constant.
std::optional<double> splatOf(mlir::Value value);

/// Whether `value` is a constant whose elements all lie within
/// `tolerance` (relative) of `expected`.
bool isSplat(mlir::Value value, double expected, double tolerance = 0.0);

/// The defining op if it is of this kind.
UnaryOp unaryOf(mlir::Value value, UnaryKind kind);
BinaryOp binaryOf(mlir::Value value, BinaryKind kind);
ReduceOp reduceOf(mlir::Value value, ReduceKind kind);

/// The operand of a commutative op that is not `one`, or null.
mlir::Value otherOperand(BinaryOp op, mlir::Value one);

/// A value times (or plus) the splat constant next to it.
struct Scaled {
  mlir::Value value;
  double factor;
};
/// mul by or div through a splat; the value keeps the result's type.
std::optional<Scaled> matchScaled(mlir::Value value);
/// add or sub of a splat; `factor` is what is added.
std::optional<Scaled> matchShifted(mlir::Value value);

/// max(min(x, high), low) in either order; either bound may be missing.
struct Clip {
  mlir::Value value;
  std::optional<double> low, high;
};
std::optional<Clip> matchClip(mlir::Value value);

/// A constant made from doubles, rounded to `type`'s elements.
mlir::Value createConstant(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::RankedTensorType type,
                           llvm::ArrayRef<double> values);
mlir::Value createSplat(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::RankedTensorType type, double value);

mlir::Value createBinary(mlir::OpBuilder &builder, mlir::Location loc,
                         BinaryKind kind, mlir::Value lhs, mlir::Value rhs);
mlir::Value createReshape(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value value, llvm::ArrayRef<int64_t> shape);
mlir::Value createTranspose(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value value,
                            llvm::ArrayRef<int64_t> permutation);

/// The locations of all `ops` and of what they were made from, as one.
mlir::Location fuseLocations(llvm::ArrayRef<mlir::Operation *> ops);

/// Says at `op` what was recognised, as a remark of the category `name`.
void remarkRecognised(mlir::Operation *op, llvm::StringRef name,
                      const llvm::Twine &what);

/// Says why something that looks like what `name` recognises is not.
void remarkMissed(mlir::Operation *op, llvm::StringRef name,
                  const llvm::Twine &reason);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_MATCHING_H
