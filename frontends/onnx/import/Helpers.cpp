// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

#include "compiler/support/Constants.h"
#include "frontends/onnx/import/Tensor.h"

#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

Type visir::onnx::si64(Node &node) {
  return IntegerType::get(node.context(), 64, IntegerType::Signed);
}

Type visir::onnx::f32(Node &node) { return Float32Type::get(node.context()); }

std::string visir::onnx::typeName(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

std::string visir::onnx::shapeName(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [i, extent] : llvm::enumerate(shape))
    text += (i ? ", " : "") + std::to_string(extent);
  return text + "]";
}

ArrayRef<int64_t> visir::onnx::shapeOf(Value value) {
  return llvm::cast<RankedTensorType>(value.getType()).getShape();
}

Type visir::onnx::elementOf(Value value) {
  return llvm::cast<RankedTensorType>(value.getType()).getElementType();
}

Value visir::onnx::scalar(Node &node, Type element, double value) {
  return node.constant(makeSplat(RankedTensorType::get({}, element), value));
}

Value visir::onnx::scalarLike(Node &node, Value like, double value) {
  return like ? scalar(node, elementOf(like), value) : Value();
}

Value visir::onnx::intsConstant(Node &node, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({int64_t(values.size())}, si64(node));
  return node.constant(makeConstant(type, values));
}

LogicalResult visir::onnx::checkConstantSize(Node &node, int64_t count) {
  if (count <= int64_t(1) << 26)
    return success();
  return node.refuse("number of elements of a constant", Twine(count),
                     "at most 2^26");
}

Value visir::onnx::countingConstant(Node &node, int64_t first, int64_t count) {
  if (failed(checkConstantSize(node, count)))
    return {};
  return intsConstant(
      node, llvm::to_vector(llvm::seq<int64_t>(first, first + count)));
}

Value visir::onnx::doublesConstant(Node &node, RankedTensorType type,
                                   ArrayRef<double> values) {
  return node.constant(makeConstant(type, values));
}

Value visir::onnx::filled(Node &node, ArrayRef<int64_t> shape, Type element,
                          double value) {
  return expand(node, scalar(node, element, value), shape);
}

Value visir::onnx::unary(Node &node, UnaryKind kind, Value input,
                         ArrayRef<double> params) {
  return input ? node.create<UnaryOp>(kind, input, params) : Value();
}

Value visir::onnx::binary(Node &node, BinaryKind kind, Value lhs, Value rhs) {
  return lhs && rhs ? node.create<BinaryOp>(kind, lhs, rhs) : Value();
}

Value visir::onnx::compare(Node &node, CompareKind kind, Value lhs,
                           Value rhs) {
  return lhs && rhs ? node.create<CompareOp>(kind, lhs, rhs) : Value();
}

Value visir::onnx::select(Node &node, Value condition, Value onTrue,
                          Value onFalse) {
  if (!condition || !onTrue || !onFalse)
    return {};
  return node.create<SelectOp>(condition, onTrue, onFalse);
}

Value visir::onnx::cast(Node &node, Value input, Type element) {
  if (!input || elementOf(input) == element)
    return input;
  return node.create<CastOp>(input, element);
}

Value visir::onnx::reduce(Node &node, ReduceKind kind, Value input,
                          ArrayRef<int64_t> axes, bool keepdims) {
  return input ? node.create<ReduceOp>(kind, input, axes, keepdims) : Value();
}

LogicalResult visir::onnx::checkElements(Node &node, ArrayRef<int64_t> shape) {
  if (countElements(shape))
    return success();
  return node.refuse("shape", shapeName(shape),
                     "sizes >= 0 and at most 2^40 elements");
}

Value visir::onnx::reshape(Node &node, Value input, ArrayRef<int64_t> shape) {
  if (!input || shapeOf(input) == shape)
    return input;
  if (failed(checkElements(node, shape)))
    return {};
  return node.create<ReshapeOp>(input, shape);
}

Value visir::onnx::flatten(Node &node, Value input, int64_t axis) {
  if (!input)
    return {};
  Shape shape = {1, 1};
  for (auto [i, extent] : llvm::enumerate(shapeOf(input)))
    shape[int64_t(i) < axis ? 0 : 1] *= extent;
  return reshape(node, input, shape);
}

Value visir::onnx::unsqueeze(Node &node, Value input,
                             ArrayRef<int64_t> sortedAxes) {
  if (!input)
    return {};
  Shape shape(shapeOf(input));
  for (int64_t axis : sortedAxes) {
    if (axis < 0 || axis > int64_t(shape.size())) {
      (void)node.refuse("axis", Twine(axis),
                        "0 .. " + Twine(int64_t(shape.size())));
      return {};
    }
    shape.insert(shape.begin() + axis, 1);
  }
  return reshape(node, input, shape);
}

Value visir::onnx::transpose(Node &node, Value input,
                             ArrayRef<int64_t> permutation) {
  if (!input || (permutation.size() == shapeOf(input).size() &&
                 llvm::equal(permutation,
                             llvm::seq<int64_t>(0, permutation.size()))))
    return input;
  return node.create<TransposeOp>(input, permutation);
}

Value visir::onnx::slice(Node &node, Value input, ArrayRef<int64_t> offsets,
                         ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  if (!input || failed(checkElements(node, sizes)))
    return {};
  if (sizes == shapeOf(input) &&
      llvm::all_of(strides, [](int64_t stride) { return stride == 1; }) &&
      llvm::all_of(offsets, [](int64_t offset) { return offset == 0; }))
    return input;
  return node.create<SliceOp>(input, offsets, sizes, strides);
}

Value visir::onnx::sliceAxis(Node &node, Value input, int64_t axis,
                             int64_t begin, int64_t size) {
  FailureOr<int64_t> checked =
      input ? normaliseAxis(node, axis, shapeOf(input).size())
            : FailureOr<int64_t>();
  if (failed(checked))
    return {};
  axis = *checked;
  Shape sizes(shapeOf(input)), offsets(sizes.size(), 0);
  Shape strides(sizes.size(), 1);
  sizes[axis] = size;
  offsets[axis] = begin;
  return slice(node, input, offsets, sizes, strides);
}

Value visir::onnx::pad(Node &node, Value input, ArrayRef<int64_t> low,
                       ArrayRef<int64_t> high, PadMode mode, double value) {
  if (!input)
    return {};
  auto isZero = [](int64_t amount) { return amount == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
    return input;
  for (int64_t amount : llvm::concat<const int64_t>(low, high))
    if (amount < 0 || amount > kMaxElements) {
      (void)node.refuse("padding", Twine(amount), "0 .. 2^40");
      return {};
    }
  return node.create<PadOp>(input, low, high, mode, llvm::APFloat(value));
}

Value visir::onnx::expand(Node &node, Value input, ArrayRef<int64_t> shape) {
  if (!input || shapeOf(input) == shape)
    return input;
  if (failed(checkElements(node, shape)))
    return {};
  return node.create<ExpandOp>(input, shape);
}

Value visir::onnx::concat(Node &node, ArrayRef<Value> inputs, int64_t axis) {
  if (inputs.empty() || llvm::is_contained(inputs, Value()))
    return {};
  if (inputs.size() == 1)
    return inputs.front();
  return node.create<ConcatOp>(ValueRange(inputs), axis);
}

FailureOr<int64_t> visir::onnx::normaliseAxis(Node &node, int64_t axis,
                                              int64_t rank) {
  if (axis < -rank || axis >= rank)
    return node.refuse("axis", Twine(axis),
                       Twine(-rank) + " .. " + Twine(rank - 1));
  return axis < 0 ? axis + rank : axis;
}

FailureOr<Shape> visir::onnx::normaliseAxes(Node &node, ArrayRef<int64_t> axes,
                                            int64_t rank) {
  Shape out;
  for (int64_t axis : axes) {
    FailureOr<int64_t> normal = normaliseAxis(node, axis, rank);
    if (failed(normal))
      return failure();
    if (llvm::is_contained(out, *normal))
      return node.refuse("axis " + Twine(axis) + " stands twice in the axes");
    out.push_back(*normal);
  }
  llvm::sort(out);
  return out;
}

FailureOr<Shape> visir::onnx::axesOperand(Node &node, unsigned i,
                                          int64_t inputSince) {
  if (node.opset() < inputSince)
    return node.intsAttr("axes");
  if (!node.hasInput(i))
    return Shape();
  return node.requireInts(i, "axes");
}
