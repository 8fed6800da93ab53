// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Quantise.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Repeats each element along `axis` `blockSize` times, cut to `extent`.
static Value repeatBlocks(Node &node, Value parameter, int64_t axis,
                          int64_t blockSize, int64_t extent) {
  Shape shape(shapeOf(parameter)), split(shape), wide, merged(shape);
  split.insert(split.begin() + axis + 1, 1);
  wide = split;
  wide[axis + 1] = blockSize;
  merged[axis] *= blockSize;
  if (merged[axis] < extent) {
    (void)node.refuse("number of blocks along axis " + Twine(axis),
                      Twine(shape[axis]),
                      Twine(llvm::divideCeil(extent, blockSize)));
    return {};
  }
  Value x = expand(node, reshape(node, parameter, split), wide);
  return sliceAxis(node, reshape(node, x, merged), axis, 0, extent);
}

Value visir::onnx::spread(Node &node, Value parameter, ArrayRef<int64_t> shape,
                          int64_t axis, int64_t blockSize) {
  if (!parameter)
    return {};
  ArrayRef<int64_t> own = shapeOf(parameter);
  if (blockSize == 0 && ShapedType::getNumElements(own) == 1)
    return reshape(node, parameter, {});
  FailureOr<int64_t> at = normaliseAxis(node, axis, shape.size());
  if (failed(at))
    return {};
  if (blockSize > 0 && own.size() == shape.size())
    return repeatBlocks(node, parameter, *at, blockSize, shape[*at]);
  Shape wanted(shape.size(), 1);
  wanted[*at] = shape[*at];
  if (blockSize != 0 || own.size() != 1 || own[0] != shape[*at]) {
    (void)node.refuse("shape of a scale or zero point", shapeName(own),
                      "[], or the extent " + Twine(shape[*at]) + " of axis " +
                          Twine(*at));
    return {};
  }
  return reshape(node, parameter, wanted);
}

Value visir::onnx::saturated(Node &node, Value x, Type element) {
  auto type = mlir::cast<IntegerType>(element);
  bool isUnsigned = type.isUnsigned();
  double top = std::ldexp(1.0, type.getWidth() - (isUnsigned ? 0 : 1));
  x = binary(node, BinaryKind::Max, x,
             scalarLike(node, x, isUnsigned ? 0 : -top));
  x = binary(node, BinaryKind::Min, x, scalarLike(node, x, top - 1));
  return visir::onnx::cast(node, x, element);
}

Value visir::onnx::quantised(Node &node, Value x, Value scale, Value zeroPoint,
                             Type element) {
  x = unary(node, UnaryKind::Round, binary(node, BinaryKind::Div, x, scale));
  // Half-precision floats do not hold all results exactly.
  x = visir::onnx::cast(node, x, f32(node));
  if (zeroPoint)
    x = binary(node, BinaryKind::Add, x,
               visir::onnx::cast(node, zeroPoint, f32(node)));
  return saturated(node, x, element);
}

Value visir::onnx::centred(Node &node, Value x, Value zeroPoint) {
  Type element = IntegerType::get(node.context(), 32, IntegerType::Signed);
  x = visir::onnx::cast(node, x, element);
  if (!zeroPoint)
    return x;
  return binary(node, BinaryKind::Sub, x,
                visir::onnx::cast(node, zeroPoint, element));
}

LogicalResult visir::onnx::checkQuantised(Node &node, Type element) {
  auto type = dyn_cast_or_null<IntegerType>(element);
  if (type && (type.getWidth() == 8 || type.getWidth() == 16))
    return success();
  return node.refuse("quantised element type",
                     element ? typeName(element) : "one without support",
                     "ui8, si8, ui16 or si16");
}
