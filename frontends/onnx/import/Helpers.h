// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps that many operators share. All of them take and return null values
// after a refusal (see Node.h).
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_HELPERS_H
#define VISIR_FRONTENDS_ONNX_IMPORT_HELPERS_H

#include "frontends/onnx/import/Node.h"

namespace visir::onnx {

using Shape = SmallVector<int64_t>;

// Element types.

mlir::Type si64(Node &node);
mlir::Type f32(Node &node);
inline bool isFloat(mlir::Type type) { return llvm::isa<mlir::FloatType>(type); }
inline bool isBool(mlir::Type type) { return type.isInteger(1); }
/// Signed or unsigned, not bool.
inline bool isInteger(mlir::Type type) {
  return llvm::isa<mlir::IntegerType>(type) && !isBool(type);
}
/// "f32", "si64", "i1" ...
std::string typeName(mlir::Type type);
/// "[1, 3, 224, 224]".
std::string shapeName(ArrayRef<int64_t> shape);

/// Shape, rank and element type of a value; null values have none, so ask
/// only after `if (!value) return failure()`.
ArrayRef<int64_t> shapeOf(Value value);
mlir::Type elementOf(Value value);

// Constants.

/// A rank-0 constant, rounded to the element type.
Value scalar(Node &node, mlir::Type element, double value);
/// As scalar, of the value's element type.
Value scalarLike(Node &node, Value like, double value);
/// A one-dimensional si64 constant.
Value intsConstant(Node &node, ArrayRef<int64_t> values);
/// first, first + 1, ... as a one-dimensional si64 constant.
Value countingConstant(Node &node, int64_t first, int64_t count);
/// Refuses a constant that would outweigh a model: more than 2^26 elements.
/// To be asked before anything of that size is allocated.
LogicalResult checkConstantSize(Node &node, int64_t count);
/// A constant of any shape from doubles (row-major), rounded.
Value doublesConstant(Node &node, mlir::RankedTensorType type,
                      ArrayRef<double> values);
/// One value in all places, without a large constant.
Value filled(Node &node, ArrayRef<int64_t> shape, mlir::Type element,
             double value);

// Elementwise. Operands broadcast; binary operands of one element type.

Value unary(Node &node, UnaryKind kind, Value input,
            ArrayRef<double> params = {});
Value binary(Node &node, BinaryKind kind, Value lhs, Value rhs);
Value compare(Node &node, CompareKind kind, Value lhs, Value rhs);
Value select(Node &node, Value condition, Value onTrue, Value onFalse);
/// No op when the type is already right.
Value cast(Node &node, Value input, mlir::Type element);
Value reduce(Node &node, ReduceKind kind, Value input, ArrayRef<int64_t> axes,
             bool keepdims);

// Movement. No op where nothing changes. Sizes are checked against overflow.

/// `shape` is complete (no -1, no 0 with a meaning).
Value reshape(Node &node, Value input, ArrayRef<int64_t> shape);
/// Two dimensions: those before `axis` and those from it (0 <= axis <= rank).
Value flatten(Node &node, Value input, int64_t axis);
Value unsqueeze(Node &node, Value input, ArrayRef<int64_t> sortedAxes);
Value transpose(Node &node, Value input, ArrayRef<int64_t> permutation);
/// One entry per dimension.
Value slice(Node &node, Value input, ArrayRef<int64_t> offsets,
            ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides);
/// One dimension only: [begin, begin + size).
Value sliceAxis(Node &node, Value input, int64_t axis, int64_t begin,
                int64_t size);
Value pad(Node &node, Value input, ArrayRef<int64_t> low,
          ArrayRef<int64_t> high, PadMode mode = PadMode::Constant,
          double value = 0);
Value expand(Node &node, Value input, ArrayRef<int64_t> shape);
Value concat(Node &node, ArrayRef<Value> inputs, int64_t axis);

// Axes.

/// ONNX's axis (negative ones count from the end) as 0 .. rank - 1.
mlir::FailureOr<int64_t> normaliseAxis(Node &node, int64_t axis, int64_t rank);
/// As above for a list, sorted; the same axis twice is refused.
mlir::FailureOr<Shape> normaliseAxes(Node &node, ArrayRef<int64_t> axes,
                                     int64_t rank);
/// Axes from input `i` (opset `inputSince` on) or the attribute `axes`, as
/// written; empty when absent.
mlir::FailureOr<Shape> axesOperand(Node &node, unsigned i, int64_t inputSince);

// Windows.

struct Window {
  Shape kernel, strides, dilations;
  /// All paddings before, then all after.
  Shape pads;
};

/// The attributes kernel_shape (or `kernel` where that is known otherwise),
/// strides, dilations, pads and auto_pad of a convolution or pool over
/// `spatial` extents. All sizes are positive, paddings are not negative, and
/// the window fits.
mlir::FailureOr<Window> window(Node &node, ArrayRef<int64_t> spatial,
                               ArrayRef<int64_t> kernel = {});

/// Refuses a product of sizes that is negative or above 2^40.
LogicalResult checkElements(Node &node, ArrayRef<int64_t> shape);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_HELPERS_H
