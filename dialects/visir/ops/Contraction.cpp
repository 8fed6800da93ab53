// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;

LogicalResult MatMulOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> lhs = shapeOf(adaptor.getLhs());
  ArrayRef<int64_t> rhs = shapeOf(adaptor.getRhs());
  if (lhs.size() < 2 || rhs.size() < 2)
    return mismatch(loc, "rank of an operand", std::min(lhs.size(), rhs.size()),
                    "at least 2");
  if (!dimsMatch(lhs.back(), rhs[rhs.size() - 2]))
    return mismatch(loc, "number of rows of rhs", rhs[rhs.size() - 2],
                    Twine(lhs.back()));
  Shape out;
  if (failed(broadcastShapes(lhs.drop_back(2), rhs.drop_back(2), out)))
    return emitOptionalError(
        loc, "operand shapes do not broadcast: ", adaptor.getLhs().getType(),
        " and ", adaptor.getRhs().getType());
  out.push_back(lhs[lhs.size() - 2]);
  out.push_back(rhs.back());
  Type element = elementOf(adaptor.getLhs());
  if (element.isInteger(8))
    element = IntegerType::get(context, 32, IntegerType::Signed);
  types.push_back(RankedTensorType::get(out, element));
  return success();
}

LogicalResult MatMulOp::verify() { return success(); }

/// Checks the number of entries of per-dimension attributes.
static LogicalResult checkSpatial(std::optional<Location> loc, size_t spatial,
                                  ArrayRef<int64_t> strides,
                                  ArrayRef<int64_t> pads,
                                  ArrayRef<int64_t> dilations) {
  if (strides.size() != spatial)
    return mismatch(loc, "number of strides", strides.size(), Twine(spatial));
  if (dilations.size() != spatial)
    return mismatch(loc, "number of dilations", dilations.size(),
                    Twine(spatial));
  if (pads.size() != 2 * spatial)
    return mismatch(loc, "number of pads", pads.size(), Twine(2 * spatial));
  for (int64_t value : llvm::concat<const int64_t>(strides, dilations))
    if (value < 1)
      return mismatch(loc, "a stride or dilation", value, "at least 1");
  return success();
}

LogicalResult ConvOp::inferReturnTypes(MLIRContext *context,
                                       std::optional<Location> loc,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> weight = shapeOf(adaptor.getWeight());
  if (in.size() < 2 || weight.size() != in.size())
    return mismatch(loc, "rank of the weight", weight.size(), Twine(in.size()));
  size_t spatial = in.size() - 2;
  if (failed(checkSpatial(loc, spatial, adaptor.getStrides(), adaptor.getPads(),
                          adaptor.getDilations())))
    return failure();
  int64_t groups = adaptor.getGroups();
  if (groups < 1 ||
      (!ShapedType::isDynamic(weight[0]) && weight[0] % groups != 0))
    return mismatch(loc, "number of groups", groups,
                    "a divisor of " + Twine(weight[0]));
  if (!ShapedType::isDynamic(in[1]) && !ShapedType::isDynamic(weight[1]) &&
      in[1] != weight[1] * groups)
    return mismatch(loc, "number of input channels", in[1],
                    Twine(weight[1] * groups));
  Shape out{in[0], weight[0]};
  for (size_t i = 0; i < spatial; ++i) {
    out.push_back(windowExtent(
        in[i + 2], weight[i + 2], adaptor.getStrides()[i], adaptor.getPads()[i],
        adaptor.getPads()[i + spatial], adaptor.getDilations()[i]));
    if (!ShapedType::isDynamic(out.back()) && out.back() < 0)
      return emitOptionalError(loc,
                               "kernel is larger than the padded input "
                               "in dimension ",
                               i + 2);
  }
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult ConvOp::verify() { return success(); }

LogicalResult ConvTransposeOp::inferReturnTypes(MLIRContext *context,
                                                std::optional<Location> loc,
                                                Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> weight = shapeOf(adaptor.getWeight());
  if (in.size() < 2 || weight.size() != in.size())
    return mismatch(loc, "rank of the weight", weight.size(), Twine(in.size()));
  size_t spatial = in.size() - 2;
  if (failed(checkSpatial(loc, spatial, adaptor.getStrides(), adaptor.getPads(),
                          adaptor.getDilations())))
    return failure();
  if (adaptor.getOutputPadding().size() != spatial)
    return mismatch(loc, "number of output paddings",
                    adaptor.getOutputPadding().size(), Twine(spatial));
  if (!dimsMatch(in[1], weight[0]))
    return mismatch(loc, "number of input channels", in[1], Twine(weight[0]));
  int64_t groups = adaptor.getGroups();
  if (groups < 1 ||
      (!ShapedType::isDynamic(weight[0]) && weight[0] % groups != 0))
    return mismatch(loc, "number of groups", groups,
                    "a divisor of " + Twine(weight[0]));
  Shape out{in[0], weight[1] * groups};
  for (size_t i = 0; i < spatial; ++i) {
    int64_t extent = in[i + 2];
    if (!ShapedType::isDynamic(extent))
      extent = (extent - 1) * adaptor.getStrides()[i] - adaptor.getPads()[i] -
               adaptor.getPads()[i + spatial] +
               adaptor.getDilations()[i] * (weight[i + 2] - 1) + 1 +
               adaptor.getOutputPadding()[i];
    out.push_back(extent);
  }
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult ConvTransposeOp::verify() { return success(); }

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> query = shapeOf(adaptor.getQuery());
  ArrayRef<int64_t> value = shapeOf(adaptor.getValue());
  if (query.size() < 2 || value.size() != query.size())
    return mismatch(loc, "rank of value", value.size(), Twine(query.size()));
  Shape out(query.drop_back());
  out.push_back(value.back());
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getQuery())));
  return success();
}

LogicalResult AttentionOp::verify() {
  ArrayRef<int64_t> query = shapeOf(getQuery()), key = shapeOf(getKey());
  ArrayRef<int64_t> value = shapeOf(getValue());
  size_t rank = query.size();
  if (key.size() != rank)
    return emitOpError("rank of key is ")
           << key.size() << ", expected " << rank;
  for (size_t i = 0; i + 2 < rank; ++i)
    if (!dimsMatch(query[i], key[i]) || !dimsMatch(query[i], value[i]))
      return emitOpError("leading dimensions of query, key and value differ");
  if (!dimsMatch(query.back(), key.back()))
    return emitOpError("size of a key is ")
           << key.back() << ", expected " << query.back();
  if (!dimsMatch(key[rank - 2], value[rank - 2]))
    return emitOpError("number of values is ")
           << value[rank - 2] << ", expected " << key[rank - 2];
  if (key[rank - 2] == 0)
    return emitOpError("number of keys is 0, expected at least 1");
  return success();
}
