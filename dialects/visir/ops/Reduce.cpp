// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;

static LogicalResult verifyAxis(Operation *op, int64_t axis, Value input) {
  int64_t rank = shapeOf(input).size();
  if (axis < 0 || axis >= rank)
    // reduce_c1
    return op->emitOpError("axis is ")
           << axis << ", expected 0 .. " << rank - 1;
  return success();
}

LogicalResult ReduceOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  Shape out;
  ArrayRef<int64_t> axes = adaptor.getAxes();
  for (auto [i, dim] : llvm::enumerate(shapeOf(adaptor.getInput()))) {
    if (!llvm::is_contained(axes, int64_t(i)))
      out.push_back(dim);
    else if (adaptor.getKeepdims())
      out.push_back(1);
  }
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult ReduceOp::verify() {
  int64_t last = -1;
  for (int64_t axis : getAxes()) {
    if (failed(verifyAxis(*this, axis, getInput())))
      return failure();
    if (axis <= last)
      // reduce_c2
      return emitOpError("axes are not sorted and unique");
    last = axis;
  }
  return success();
}

LogicalResult ArgReduceOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  Shape out;
  for (auto [i, dim] : llvm::enumerate(shapeOf(adaptor.getInput()))) {
    if (i != adaptor.getAxis())
      out.push_back(dim);
    else if (adaptor.getKeepdims())
      out.push_back(1);
  }
  types.push_back(RankedTensorType::get(
      out, IntegerType::get(context, 64, IntegerType::Signed)));
  return success();
}

LogicalResult ArgReduceOp::verify() {
  if (getKind() != ReduceKind::Max && getKind() != ReduceKind::Min)
    // reduce_c3
    return emitOpError("kind is ")
           << stringifyEnum(getKind()) << ", expected max or min";
  return verifyAxis(*this, getAxis(), getInput());
}

LogicalResult CumSumOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}

LogicalResult CumSumOp::verify() {
  return verifyAxis(*this, getAxis(), getInput());
}

LogicalResult SoftmaxOp::inferReturnTypes(MLIRContext *context,
                                          std::optional<Location> loc,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}

LogicalResult SoftmaxOp::verify() {
  return verifyAxis(*this, getAxis(), getInput());
}

LogicalResult TopKOp::inferReturnTypes(MLIRContext *context,
                                       std::optional<Location> loc,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  Shape out(shapeOf(adaptor.getInput()));
  if (adaptor.getAxis() < out.size())
    out[adaptor.getAxis()] = adaptor.getK();
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  types.push_back(RankedTensorType::get(
      out, IntegerType::get(context, 64, IntegerType::Signed)));
  return success();
}

LogicalResult TopKOp::verify() {
  if (failed(verifyAxis(*this, getAxis(), getInput())))
    return failure();
  int64_t extent = shapeOf(getInput())[getAxis()];
  int64_t k = getK();
  if (k < 0 || (!ShapedType::isDynamic(extent) && k > extent))
    // reduce_c4
    return emitOpError("k is ") << k << ", expected 0 .. " << extent;
  return success();
}
