// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/SymbolicShapes.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importConstantOfShape(Node &node) {
  bool hasValue = node.hasAttr("value");
  ElementsAttr value = node.tensorAttr("value");
  if (hasValue && !value)
    return node.refuse("the value is missing");
  if (!value)
    value = makeSplat(RankedTensorType::get({1}, f32(node)), 0);
  if (value.getNumElements() != 1)
    return node.refuse("number of elements of the value",
                       Twine(value.getNumElements()), "1");
  Value one = reshape(node, node.constant(value), {});
  if (isBoundedNode(node, {0}))
    return boundedConstantOfShape(node, one);
  FailureOr<Shape> shape = node.requireInts(0, "input");
  if (failed(shape) || failed(checkElements(node, *shape)))
    return failure();
  return node.setOutput(0, expand(node, one, *shape));
}

VISIR_ONNX_OP(ConstantOfShape, 9, 1, importConstantOfShape)
