// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/Binary.h"

#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;

#define GET_OP_CLASSES
#include "dialects/visir/BinaryOps.cpp.inc"

LogicalResult BinaryConvOp::inferReturnTypes(MLIRContext *context,
                                             std::optional<Location> loc,
                                             Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getInput());
  ArrayRef<int64_t> weight = shapeOf(adaptor.getWeight());
  if (in.size() < 3)
    // binary_c1
    return mismatch(loc, "rank of the input", in.size(), "at least 3");
  if (weight.size() != in.size())
    // binary_c2
    return mismatch(loc, "rank of the weight", weight.size(),
                    Twine(in.size()));
  size_t spatial = in.size() - 2;
  if (failed(checkWindow(loc, spatial, adaptor.getStrides(), adaptor.getPads(),
                         adaptor.getDilations())))
    return failure();
  int64_t groups = adaptor.getGroups();
  if (groups < 1 || weight.back() % groups != 0)
    // binary_c9
    return mismatch(loc, "groups", groups,
                    "a divisor of " + Twine(weight.back()));
  bool known = !ShapedType::isDynamic(in[1]);
  if (known && in[1] % groups != 0)
    // binary_c10
    return mismatch(loc, "number of channels", in[1],
                    "a multiple of " + Twine(groups));
  int64_t own = in[1] / groups;
  if (known && groups > 1 && own > kSignsPerWord && own % kSignsPerWord != 0)
    // binary_c11
    return mismatch(loc, "number of channels of a group", own,
                    "at most 32 or a multiple of 32");
  int64_t words = llvm::divideCeil(own, kSignsPerWord);
  if (known && weight[spatial] != words)
    // binary_c3
    return mismatch(loc, "number of words", weight[spatial], Twine(words));
  Shape out{in[0], weight.back()};
  for (size_t i = 0; i < spatial; ++i) {
    out.push_back(windowExtent(
        in[i + 2], weight[i], adaptor.getStrides()[i], adaptor.getPads()[i],
        adaptor.getPads()[i + spatial], adaptor.getDilations()[i]));
    if (!ShapedType::isDynamic(out.back()) && out.back() < 0)
      // binary_c4
      return emitOptionalError(
          loc, "kernel is larger than the padded input in dimension ", i + 2);
  }
  types.push_back(RankedTensorType::get(out, elementOf(adaptor.getInput())));
  return success();
}

LogicalResult BinaryConvOp::verify() {
  Type element = elementOf(getInput());
  if (!isa<FloatType>(element))
    // binary_c5
    return emitOpError("element type is ") << element << ", expected a float";
  if (!elementOf(getWeight()).isSignedInteger(kSignsPerWord))
    // binary_c6
    return emitOpError("element type of the weight is ")
           << elementOf(getWeight()) << ", expected si32";
  if (int64_t at = getAtZero(); at < -1 || at > 1)
    // binary_c7
    return emitOpError("at_zero is ") << at << ", expected -1, 0 or 1";
  auto perChannel =
      RankedTensorType::get({shapeOf(getInput())[1]}, element);
  for (auto [value, name] : {std::pair(getScale(), "scale"),
                             std::pair(getShift(), "shift")})
    if (value && value.getType() != perChannel)
      // binary_c8
      return emitOpError("type of the ")
             << name << " is " << value.getType() << ", expected "
             << perChannel;
  return success();
}
