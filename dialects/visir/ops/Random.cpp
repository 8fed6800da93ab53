// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/Random.h"

#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;

#define GET_OP_CLASSES
#include "dialects/visir/RandomOps.cpp.inc"

LogicalResult RandomOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  for (int64_t extent : adaptor.getShape())
    if (extent < 0)
      // random_c1
      return emitOptionalError(loc, "shape has an extent of ", extent,
                               ", expected none below 0");
  types.push_back(
      RankedTensorType::get(adaptor.getShape(), Float32Type::get(context)));
  return success();
}

LogicalResult RandomOp::verify() {
  auto seed = RankedTensorType::get(
      {}, IntegerType::get(getContext(), 64, IntegerType::Signed));
  if (getSeed().getType() != seed)
    // random_c2
    return emitOpError("type of the seed is ")
           << getSeed().getType() << ", expected " << seed;
  if (getKind() != "uniform" && getKind() != "normal")
    // random_c3
    return emitOpError("kind is ")
           << getKind() << ", expected uniform or normal";
  return success();
}
