// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"

#define GET_OP_CLASSES
#include "dialects/visir/VisirOps.cpp.inc"

using namespace mlir;
using namespace visir;

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

LogicalResult ConstantOp::verify() {
  if (getValue().getShapedType() != getType())
    return emitOpError("type of the value is ")
           << getValue().getShapedType() << ", expected " << getType();
  return success();
}

LogicalResult RelayoutOp::verify() {
  auto in = cast<RankedTensorType>(getInput().getType());
  auto out = cast<RankedTensorType>(getType());
  if (in.getShape() != out.getShape() ||
      in.getElementType() != out.getElementType())
    return emitOpError("result is ") << out << ", expected the shape and "
                                     << "element type of " << in;
  return success();
}
