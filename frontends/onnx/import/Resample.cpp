// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Resample.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Puts `value` where the table says that an element has no source.
static Value extrapolate(Node &node, Value input, const ResizeTable &table,
                         int64_t axis, double value) {
  if (!input || !llvm::is_contained(table.outside, true))
    return input;
  Shape shape(shapeOf(input).size(), 1);
  shape[axis] = table.outside.size();
  SmallVector<double> mask(table.outside.begin(), table.outside.end());
  auto type =
      RankedTensorType::get(shape, IntegerType::get(node.context(), 1));
  return select(node, doublesConstant(node, type, mask),
                scalarLike(node, input, value), input);
}

static Value applyTable(Node &node, Value input, const ResizeTable &table,
                        int64_t out, int64_t axis, bool nearest) {
  Value indices = intsConstant(node, table.indices);
  if (nearest)
    return node.create<GatherOp>(input, indices, axis);
  auto type = RankedTensorType::get({out, table.taps}, f32(node));
  return node.create<ResizeOp>(input,
                               reshape(node, indices, {out, table.taps}),
                               doublesConstant(node, type, table.weights),
                               axis);
}

Value visir::onnx::resample(Node &node, Value input,
                            ArrayRef<ResizeAxis> axes, const ResizeMode &mode,
                            double extrapolation) {
  bool nearest = mode.interpolation == Interpolation::Nearest;
  bool whole = !nearest && input && !isFloat(elementOf(input));
  Type element = input ? elementOf(input) : Type();
  if (whole)
    input = visir::onnx::cast(node, input, f32(node));
  for (auto [i, axis] : llvm::enumerate(axes)) {
    bool crops = axis.roiStart != 0 || axis.roiEnd != 1;
    if (axis.in == axis.out && std::abs(axis.scale - 1) < 1e-9 && !crops)
      continue;
    ResizeTable table = makeResizeTable(axis, mode);
    input = applyTable(node, input, table, axis.out, i, nearest);
    input = extrapolate(node, input, table, i, extrapolation);
  }
  // Whole numbers are rounded and clamped to their range.
  if (whole && input) {
    auto type = mlir::cast<IntegerType>(element);
    bool isUnsigned = type.isUnsigned();
    double top = std::ldexp(1.0, type.getWidth() - (isUnsigned ? 0 : 1));
    input = unary(node, UnaryKind::Round, input);
    input = binary(node, BinaryKind::Max, input,
                   scalarLike(node, input, isUnsigned ? 0 : -top));
    input = binary(node, BinaryKind::Min, input,
                   scalarLike(node, input, top - 1));
    input = visir::onnx::cast(node, input, element);
  }
  return input;
}

FailureOr<SmallVector<ResizeAxis>>
visir::onnx::axesFromScales(Node &node, ArrayRef<int64_t> shape,
                            ArrayRef<double> scales) {
  if (scales.size() != shape.size())
    return node.refuse("number of scales", Twine(scales.size()),
                       Twine(shape.size()));
  SmallVector<ResizeAxis> axes;
  for (auto [in, scale] : llvm::zip_equal(shape, scales)) {
    double out = std::floor(in * scale);
    if (!(scale > 0) || out > std::ldexp(1.0, 40))
      return node.refuse("a scale", std::to_string(scale),
                         "a positive number");
    if (failed(checkConstantSize(node, int64_t(out))))
      return failure();
    axes.push_back({in, int64_t(out), scale, 0.0, 1.0});
  }
  return axes;
}

FailureOr<Interpolation> visir::onnx::interpolation(Node &node) {
  std::string mode = node.stringAttr("mode", "nearest");
  if (mode == "nearest")
    return Interpolation::Nearest;
  if (mode == "linear" || mode == "bilinear")
    return Interpolation::Linear;
  if (mode == "cubic")
    return Interpolation::Cubic;
  return node.refuse("mode", mode, "nearest, linear or cubic");
}
