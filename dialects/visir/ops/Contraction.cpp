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
    // contraction_c1
    return mismatch(loc, "rank of an operand", std::min(lhs.size(), rhs.size()),
                    "at least 2");
  if (!dimsMatch(lhs.back(), rhs[rhs.size() - 2]))
    // contraction_c2
    return mismatch(loc, "number of rows of rhs", rhs[rhs.size() - 2],
                    Twine(lhs.back()));
  Shape out;
  if (failed(broadcastShapes(lhs.drop_back(2), rhs.drop_back(2), out)))
    // contraction_c3
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

/// The bias, if there is one, has an element for each output channel.
static LogicalResult checkBias(std::optional<Location> loc, Value bias,
                               int64_t channels) {
  if (bias && (shapeOf(bias).size() != 1 ||
               !dimsMatch(shapeOf(bias).front(), channels)))
    // contraction_c4
    return emitOptionalError(loc, "type of the bias is ", bias.getType(),
                             ", expected ", channels, " elements");
  return success();
}

/// Checks ranks, windows and groups, which both convolutions share; `channels`
/// is the dimension of the weight that the groups divide.
static LogicalResult checkConv(std::optional<Location> loc,
                               ArrayRef<int64_t> in, ArrayRef<int64_t> weight,
                               ArrayRef<int64_t> strides,
                               ArrayRef<int64_t> pads,
                               ArrayRef<int64_t> dilations, int64_t groups) {
  if (in.size() < 2)
    // contraction_c5
    return mismatch(loc, "rank of the input", in.size(), "at least 2");
  if (weight.size() != in.size())
    // contraction_c6
    return mismatch(loc, "rank of the weight", weight.size(), Twine(in.size()));
  if (failed(checkWindow(loc, in.size() - 2, strides, pads, dilations)))
    return failure();
  if (groups < 1 ||
      (!ShapedType::isDynamic(weight[0]) && weight[0] % groups != 0))
    // contraction_c7
    return mismatch(loc, "number of groups", groups,
                    "a divisor of " + Twine(weight[0]));
  return success();
}

LogicalResult ConvOp::inferReturnTypes(MLIRContext *context,
                                       std::optional<Location> loc,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> weight = shapeOf(adaptor.getWeight());
  int64_t groups = adaptor.getGroups();
  if (failed(checkConv(loc, in, weight, adaptor.getStrides(), adaptor.getPads(),
                       adaptor.getDilations(), groups)) ||
      failed(checkBias(loc, adaptor.getBias(), weight[0])))
    return failure();
  size_t spatial = in.size() - 2;
  if (!ShapedType::isDynamic(in[1]) && !ShapedType::isDynamic(weight[1]) &&
      in[1] != weight[1] * groups)
    // contraction_c8
    return mismatch(loc, "number of input channels", in[1],
                    Twine(weight[1] * groups));
  Shape out{in[0], weight[0]};
  for (size_t i = 0; i < spatial; ++i) {
    out.push_back(windowExtent(
        in[i + 2], weight[i + 2], adaptor.getStrides()[i], adaptor.getPads()[i],
        adaptor.getPads()[i + spatial], adaptor.getDilations()[i]));
    if (!ShapedType::isDynamic(out.back()) && out.back() < 0)
      // contraction_c9
      return emitOptionalError(loc,
                               "kernel is larger than the padded input "
                               "in dimension ",
                               i + 2);
  }
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult ConvTransposeOp::inferReturnTypes(MLIRContext *context,
                                                std::optional<Location> loc,
                                                Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> weight = shapeOf(adaptor.getWeight());
  int64_t groups = adaptor.getGroups(), channels = ShapedType::kDynamic;
  if (weight.size() >= 2 && !ShapedType::isDynamic(weight[1]))
    channels = weight[1] * groups;
  if (failed(checkConv(loc, in, weight, adaptor.getStrides(), adaptor.getPads(),
                       adaptor.getDilations(), groups)) ||
      failed(checkBias(loc, adaptor.getBias(), channels)))
    return failure();
  size_t spatial = in.size() - 2;
  if (adaptor.getOutputPadding().size() != spatial)
    // contraction_c10
    return mismatch(loc, "number of output paddings",
                    adaptor.getOutputPadding().size(), Twine(spatial));
  if (!dimsMatch(in[1], weight[0]))
    // contraction_c11
    return mismatch(loc, "number of input channels", in[1], Twine(weight[0]));
  Shape out{in[0], channels};
  for (size_t i = 0; i < spatial; ++i) {
    int64_t extent = in[i + 2];
    if (!ShapedType::isDynamic(extent))
      extent = (extent - 1) * adaptor.getStrides()[i] - adaptor.getPads()[i] -
               adaptor.getPads()[i + spatial] +
               adaptor.getDilations()[i] * (weight[i + 2] - 1) + 1 +
               adaptor.getOutputPadding()[i];
    if (!ShapedType::isDynamic(extent) && extent < 0)
      // contraction_c12
      return mismatch(loc, "extent of output dimension " + Twine(i + 2), extent,
                      "at least 0");
    out.push_back(extent);
  }
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> query = shapeOf(adaptor.getQuery());
  ArrayRef<int64_t> key = shapeOf(adaptor.getKey());
  ArrayRef<int64_t> value = shapeOf(adaptor.getValue());
  if (query.size() < 2)
    // contraction_c13
    return mismatch(loc, "rank of query", query.size(), "at least 2");
  if (value.size() != query.size())
    // contraction_c14
    return mismatch(loc, "rank of value", value.size(), Twine(query.size()));
  size_t rank = query.size();
  if (key.size() != rank)
    // contraction_c15
    return mismatch(loc, "rank of key", key.size(), Twine(rank));
  for (size_t i = 0; i + 2 < rank; ++i)
    if (!dimsMatch(query[i], key[i]) || !dimsMatch(query[i], value[i]))
      // contraction_c16
      return emitOptionalError(
          loc, "leading dimensions of query, key and value differ");
  if (!dimsMatch(query.back(), key.back()))
    // contraction_c17
    return mismatch(loc, "size of a key", key.back(), Twine(query.back()));
  if (!dimsMatch(key[rank - 2], value[rank - 2]))
    // contraction_c18
    return mismatch(loc, "number of values", value[rank - 2],
                    Twine(key[rank - 2]));
  if (key[rank - 2] == 0)
    // contraction_c19
    return mismatch(loc, "number of keys", 0, "at least 1");
  Shape out(query.drop_back());
  out.push_back(value.back());
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getQuery())));
  return success();
}
