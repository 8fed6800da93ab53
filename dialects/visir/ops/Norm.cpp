// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;

LogicalResult LayerNormOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}

LogicalResult LayerNormOp::verify() {
  ArrayRef<int64_t> in = shapeOf(getInput());
  int64_t axis = getAxis();
  if (axis < 0 || axis >= int64_t(in.size()))
    // norm_c1
    return emitOpError("axis is ")
           << axis << ", expected 0 .. " << int64_t(in.size()) - 1;
  for (Value parameter : {getScale(), getBias()}) {
    Shape merged;
    if (parameter && (failed(broadcastShapes(in.drop_front(axis),
                                             shapeOf(parameter), merged)) ||
                      ArrayRef<int64_t>(merged) != in.drop_front(axis)))
      // norm_c2
      return emitOpError("scale or bias of type ")
             << parameter.getType() << " does not broadcast to the "
             << "normalised dimensions";
  }
  return success();
}

/// Each of `parameters` that is there has one element per channel.
static LogicalResult verifyPerChannel(Operation *op, Value input,
                                      ValueRange parameters) {
  if (shapeOf(input).size() < 2)
    // norm_c3
    return op->emitOpError("rank of the input is ")
           << shapeOf(input).size() << ", expected at least 2";
  int64_t channels = shapeOf(input)[1];
  for (Value parameter : parameters)
    if (parameter && (shapeOf(parameter).size() != 1 ||
                      !dimsMatch(shapeOf(parameter)[0], channels)))
      // norm_c4
      return op->emitOpError("a parameter has type ")
             << parameter.getType() << ", expected " << channels << " elements";
  return success();
}

LogicalResult GroupNormOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}

LogicalResult GroupNormOp::verify() {
  if (failed(verifyPerChannel(*this, getInput(), {getScale(), getBias()})))
    return failure();
  int64_t channels = shapeOf(getInput())[1], groups = getGroups();
  if (groups < 1 ||
      (!ShapedType::isDynamic(channels) && channels % groups != 0))
    // norm_c5
    return emitOpError("number of groups is ")
           << groups << ", expected a divisor of " << channels;
  return success();
}

LogicalResult BatchNormOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}

LogicalResult BatchNormOp::verify() {
  return verifyPerChannel(*this, getInput(),
                          {getScale(), getBias(), getMean(), getVariance()});
}

LogicalResult LrnOp::inferReturnTypes(MLIRContext *context,
                                      std::optional<Location> loc,
                                      Adaptor adaptor,
                                      SmallVectorImpl<Type> &types) {
  return inferSame(adaptor.getInput(), types);
}
