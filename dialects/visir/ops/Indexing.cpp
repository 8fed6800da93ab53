// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;

static LogicalResult verifyIndexed(Operation *op, int64_t axis, Value input,
                                   Value indices) {
  int64_t rank = shapeOf(input).size();
  if (axis < 0 || axis >= rank)
    return op->emitOpError("axis is ")
           << axis << ", expected 0 .. " << rank - 1;
  if (!isa<IntegerType>(elementOf(indices)))
    return op->emitOpError("element type of indices is ")
           << elementOf(indices) << ", expected an integer";
  return success();
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> indices = shapeOf(adaptor.getIndices());
  size_t axis = adaptor.getAxis();
  if (axis >= in.size())
    return mismatch(loc, "axis", axis, "less than " + Twine(in.size()));
  Shape out(in.take_front(axis));
  out.append(indices.begin(), indices.end());
  out.append(in.begin() + axis + 1, in.end());
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult GatherOp::verify() {
  return verifyIndexed(*this, getAxis(), getInput(), getIndices());
}

LogicalResult GatherElementsOp::inferReturnTypes(MLIRContext *context,
                                                 std::optional<Location> loc,
                                                 Adaptor adaptor,
                                                 SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(shapeOf(adaptor.getIndices()),
                                        elementOf(adaptor.getInput())));
  return success();
}

LogicalResult GatherElementsOp::verify() {
  if (shapeOf(getIndices()).size() != shapeOf(getInput()).size())
    return emitOpError("rank of indices is ")
           << shapeOf(getIndices()).size() << ", expected "
           << shapeOf(getInput()).size();
  return verifyIndexed(*this, getAxis(), getInput(), getIndices());
}

LogicalResult GatherNDOp::inferReturnTypes(MLIRContext *context,
                                           std::optional<Location> loc,
                                           Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> indices = shapeOf(adaptor.getIndices());
  size_t batch = adaptor.getBatchDims();
  if (indices.empty() || ShapedType::isDynamic(indices.back()) ||
      batch + indices.back() > in.size())
    return emitOptionalError(loc, "last dimension of indices does not index ",
                             adaptor.getInput().getType());
  Shape out(indices.drop_back());
  out.append(in.begin() + batch + indices.back(), in.end());
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult GatherNDOp::verify() {
  return verifyIndexed(*this, 0, getInput(), getIndices());
}

LogicalResult ScatterElementsOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> loc, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult ScatterElementsOp::verify() {
  if (shapeOf(getIndices()) != shapeOf(getUpdates()))
    return emitOpError("shape of updates differs from that of indices");
  return verifyIndexed(*this, getAxis(), getInput(), getIndices());
}

LogicalResult ScatterNDOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult ScatterNDOp::verify() {
  ArrayRef<int64_t> in = shapeOf(getInput());
  ArrayRef<int64_t> indices = shapeOf(getIndices());
  if (indices.empty() || indices.back() > int64_t(in.size()))
    return emitOpError("last dimension of indices does not index ")
           << getInput().getType();
  Shape expected(indices.drop_back());
  expected.append(in.begin() + indices.back(), in.end());
  if (shapeOf(getUpdates()) != ArrayRef<int64_t>(expected))
    return emitOpError("updates are ")
           << getUpdates().getType() << ", expected the shape of the indexed "
           << "slices";
  return verifyIndexed(*this, 0, getInput(), getIndices());
}
