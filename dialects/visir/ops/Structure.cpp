// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"

#define GET_OP_CLASSES
#include "dialects/visir/VisirOps.cpp.inc"

using namespace mlir;
using namespace visir;

OpFoldResult ConstantOp::fold(FoldAdaptor) {
  // A constant with a layout must not be merged with one without.
  if (cast<RankedTensorType>(getType()).getEncoding())
    return {};
  return getValue();
}

LogicalResult ConstantOp::verify() {
  // The value is row-major whatever the layout in memory is to be.
  auto type = cast<RankedTensorType>(getType());
  auto plain = RankedTensorType::get(type.getShape(), type.getElementType());
  if (getValue().getShapedType() != plain)
    // structure_c1
    return emitOpError("type of the value is ")
           << getValue().getShapedType() << ", expected " << getType();
  return success();
}

LogicalResult RelayoutOp::verify() {
  auto in = cast<RankedTensorType>(getInput().getType());
  auto out = cast<RankedTensorType>(getType());
  if (in.getShape() != out.getShape() ||
      in.getElementType() != out.getElementType())
    // structure_c2
    return emitOpError("result is ") << out << ", expected the shape and "
                                     << "element type of " << in;
  return success();
}
