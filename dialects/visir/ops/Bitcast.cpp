// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/Bitcast.h"

#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace visir;

#define GET_OP_CLASSES
#include "dialects/visir/BitcastOps.cpp.inc"

LogicalResult BitcastOp::inferReturnTypes(MLIRContext *context,
                                          std::optional<Location> loc,
                                          Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  Type from = elementOf(adaptor.getInput()), to = adaptor.getTo();
  if (!to.isIntOrFloat() || memoryBits(from) != memoryBits(to))
    // bitcast_c1
    return emitOptionalError(loc, "element type of the result is ", to,
                             ", expected one of ", memoryBits(from), " bits");
  types.push_back(RankedTensorType::get(shapeOf(adaptor.getInput()), to));
  return success();
}
