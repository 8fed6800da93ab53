// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/Heatmap.h"

#include "dialects/visir/ops/Shape.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"

#include "dialects/visir/HeatmapEnums.cpp.inc"

using namespace mlir;
using namespace visir;

#define GET_OP_CLASSES
#include "dialects/visir/HeatmapOps.cpp.inc"

LogicalResult HeatmapDecodeOp::inferReturnTypes(MLIRContext *context,
                                                std::optional<Location> loc,
                                                Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  ArrayRef<int64_t> in = shapeOf(adaptor.getHeatmaps());
  if (in.size() < 2)
    // heatmap_c1
    return emitOptionalError(loc, "rank of the heatmaps is ", in.size(),
                             ", expected at least 2");
  types.assign(3, RankedTensorType::get(in.drop_back(2),
                                        elementOf(adaptor.getHeatmaps())));
  return success();
}

LogicalResult HeatmapDecodeOp::verify() {
  if (getValues().getType() != getHeatmaps().getType())
    // heatmap_c2
    return emitOpError("type of values is ")
           << getValues().getType() << ", expected that of the heatmaps";
  if (!isa<FloatType>(elementOf(getHeatmaps())))
    // heatmap_c3
    return emitOpError("element type is ")
           << elementOf(getHeatmaps()) << ", expected a float";
  if (llvm::is_contained(shapeOf(getHeatmaps()).take_back(2), 0))
    // heatmap_c4
    return emitOpError("a map has no elements, expected at least one");
  std::optional<DecodeKind> kind = symbolizeDecodeKind(getKind());
  if (!kind)
    // heatmap_c8
    return emitOpError("kind is ")
           << getKind() << ", expected none, step, softmax or taylor";
  int64_t window = getWindow();
  if (kind == DecodeKind::Softmax &&
      (window < 1 || window > 9 || window % 2 == 0))
    // heatmap_c5
    return emitOpError("window is ")
           << window << ", expected an odd number from 1 to 9";
  int64_t reach = kind == DecodeKind::Taylor ? 2 : 1;
  if ((kind == DecodeKind::Taylor || kind == DecodeKind::Step) &&
      int64_t(getMargin()) < reach)
    // heatmap_c6
    return emitOpError("margin is ")
           << getMargin() << ", expected at least " << reach;
  if (getLogFloor() && !(getLogFloor()->convertToDouble() > 0))
    // heatmap_c7
    return emitOpError("log_floor is not positive");
  return success();
}
