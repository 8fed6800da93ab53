// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;

static LogicalResult verifyIndices(Operation *op, Value indices) {
  if (!isa<IntegerType>(elementOf(indices)))
    // indexing_c1
    return op->emitOpError("element type of indices is ")
           << elementOf(indices) << ", expected an integer";
  return success();
}

static LogicalResult verifyAlongAxis(Operation *op, int64_t axis, Value input,
                                     Value indices) {
  int64_t rank = shapeOf(input).size();
  if (axis < 0 || axis >= rank)
    // indexing_c2
    return op->emitOpError("axis is ")
           << axis << ", expected 0 .. " << rank - 1;
  return verifyIndices(op, indices);
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> indices = shapeOf(adaptor.getIndices());
  size_t axis = adaptor.getAxis();
  if (axis >= in.size())
    // indexing_c3
    return mismatch(loc, "axis", axis, "less than " + Twine(in.size()));
  Shape out(in.take_front(axis));
  out.append(indices.begin(), indices.end());
  out.append(in.begin() + axis + 1, in.end());
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult GatherOp::verify() { return verifyIndices(*this, getIndices()); }

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
    // indexing_c4
    return emitOpError("rank of indices is ")
           << shapeOf(getIndices()).size() << ", expected "
           << shapeOf(getInput()).size();
  return verifyAlongAxis(*this, getAxis(), getInput(), getIndices());
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
    // indexing_c5
    return emitOptionalError(loc, "last dimension of indices does not index ",
                             adaptor.getInput().getType());
  Shape out(indices.drop_back());
  out.append(in.begin() + batch + indices.back(), in.end());
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult GatherNDOp::verify() {
  return verifyIndices(*this, getIndices());
}

LogicalResult ScatterElementsOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> loc, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  types.push_back(adaptor.getInput().getType());
  return success();
}

LogicalResult ScatterElementsOp::verify() {
  if (shapeOf(getIndices()) != shapeOf(getUpdates()))
    // indexing_c6
    return emitOpError("shape of updates differs from that of indices");
  return verifyAlongAxis(*this, getAxis(), getInput(), getIndices());
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
    // indexing_c7
    return emitOpError("last dimension of indices does not index ")
           << getInput().getType();
  Shape expected(indices.drop_back());
  expected.append(in.begin() + indices.back(), in.end());
  if (shapeOf(getUpdates()) != ArrayRef<int64_t>(expected))
    // indexing_c8
    return emitOpError("updates are ")
           << getUpdates().getType() << ", expected the shape of the indexed "
           << "slices";
  return verifyIndices(*this, getIndices());
}
