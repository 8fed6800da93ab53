// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;

ArrayRef<int64_t> visir::shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

Type visir::elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

LogicalResult visir::inferSame(Value input, SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(shapeOf(input), elementOf(input)));
  return success();
}

LogicalResult visir::broadcastShapes(ArrayRef<int64_t> lhs,
                                     ArrayRef<int64_t> rhs, Shape &out) {
  size_t rank = std::max(lhs.size(), rhs.size());
  out.assign(rank, 1);
  for (size_t i = 0; i < rank; ++i) {
    int64_t a = i < lhs.size() ? lhs[lhs.size() - 1 - i] : 1;
    int64_t b = i < rhs.size() ? rhs[rhs.size() - 1 - i] : 1;
    int64_t &dim = out[rank - 1 - i];
    if (a == b || b == 1)
      dim = a;
    else if (a == 1)
      dim = b;
    else if (ShapedType::isDynamic(a))
      dim = b;
    else if (ShapedType::isDynamic(b))
      dim = a;
    else
      return failure();
  }
  return success();
}

LogicalResult visir::mismatch(std::optional<Location> loc, const Twine &what,
                              int64_t actual, const Twine &expected) {
  return emitOptionalError(loc, what, " is ", actual, ", expected ", expected);
}

static LogicalResult inferBroadcast(std::optional<Location> loc,
                                    ValueRange operands, Type element,
                                    SmallVectorImpl<Type> &types) {
  Shape shape(shapeOf(operands.front()));
  for (Value operand : operands.drop_front()) {
    Shape merged;
    if (failed(broadcastShapes(shape, shapeOf(operand), merged)))
      // elementwise_c1
      return emitOptionalError(
          loc, "operand shapes do not broadcast: ", operands.front().getType(),
          " and ", operand.getType());
    shape = merged;
  }
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}

static size_t parameterCount(UnaryKind kind) {
  switch (kind) {
  case UnaryKind::LeakyRelu:
  case UnaryKind::Elu:
  case UnaryKind::Celu:
  case UnaryKind::ThresholdedRelu:
    return 1;
  case UnaryKind::Selu:
  case UnaryKind::HardSigmoid:
  case UnaryKind::Shrink:
  case UnaryKind::IsInf:
    return 2;
  default:
    return 0;
  }
}

LogicalResult UnaryOp::inferReturnTypes(MLIRContext *context,
                                        std::optional<Location> loc,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  Type element = elementOf(adaptor.getInput());
  UnaryKind kind = adaptor.getKind();
  if (adaptor.getParams().size() != parameterCount(kind))
    // elementwise_c2
    return mismatch(loc, "number of parameters", adaptor.getParams().size(),
                    Twine(parameterCount(kind)));
  if (kind == UnaryKind::IsNaN || kind == UnaryKind::IsInf)
    element = IntegerType::get(context, 1);
  types.push_back(RankedTensorType::get(shapeOf(adaptor.getInput()), element));
  return success();
}

LogicalResult BinaryOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Type lhs = elementOf(adaptor.getLhs()), rhs = elementOf(adaptor.getRhs());
  BinaryKind kind = adaptor.getKind();
  if (lhs != rhs && kind != BinaryKind::Pow)
    // elementwise_c3
    return emitOptionalError(loc, "element type of rhs is ", rhs, ", expected ",
                             lhs);
  return inferBroadcast(loc, adaptor.getOperands(), lhs, types);
}

LogicalResult CompareOp::inferReturnTypes(MLIRContext *context,
                                          std::optional<Location> loc,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  Type lhs = elementOf(adaptor.getLhs()), rhs = elementOf(adaptor.getRhs());
  if (lhs != rhs)
    // elementwise_c4
    return emitOptionalError(loc, "element type of rhs is ", rhs, ", expected ",
                             lhs);
  return inferBroadcast(loc, adaptor.getOperands(),
                        IntegerType::get(context, 1), types);
}

LogicalResult SelectOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Type element = elementOf(adaptor.getOnTrue());
  if (!elementOf(adaptor.getCondition()).isInteger(1))
    // elementwise_c5
    return emitOptionalError(loc, "element type of condition is ",
                             elementOf(adaptor.getCondition()),
                             ", expected i1");
  if (element != elementOf(adaptor.getOnFalse()))
    // elementwise_c6
    return emitOptionalError(loc, "element type of on_false is ",
                             elementOf(adaptor.getOnFalse()), ", expected ",
                             element);
  return inferBroadcast(loc, adaptor.getOperands(), element, types);
}

LogicalResult CastOp::inferReturnTypes(MLIRContext *context,
                                       std::optional<Location> loc,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  types.push_back(
      RankedTensorType::get(shapeOf(adaptor.getInput()), adaptor.getTo()));
  return success();
}
