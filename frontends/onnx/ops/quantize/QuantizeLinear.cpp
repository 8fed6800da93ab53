// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Quantise.h"
#include "frontends/onnx/import/Tensor.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The attribute output_dtype or the zero point's type.
static Type resultType(Node &node) {
  int64_t asked = node.opset() >= 21 ? node.intAttr("output_dtype", 0) : 0;
  if (node.hasInput(2))
    return node.elementType(2);
  if (asked != 0)
    return elementTypeOf(node.context(), asked);
  return IntegerType::get(node.context(), 8, IntegerType::Unsigned);
}

static LogicalResult importQuantizeLinear(Node &node) {
  int64_t axis = node.opset() >= 13 ? node.intAttr("axis", 1) : 1;
  int64_t block = node.opset() >= 21 ? node.intAttr("block_size", 0) : 0;
  int64_t precision = node.opset() >= 23 ? node.intAttr("precision", 0) : 0;
  node.ignoreAttr("saturate"); // of 8-bit floats only
  Type element = resultType(node);
  if (failed(checkQuantised(node, element)))
    return failure();
  Type wide = precision != 0 ? elementTypeOf(node.context(), precision)
                             : node.elementType(1);
  if (!wide || !isFloat(wide))
    return node.refuse("type of the division",
                       wide ? typeName(wide) : "unknown", "a float type");
  ArrayRef<int64_t> shape = node.shape(0);
  Value x = cast(node, node.input(0), wide);
  Value scale = cast(node, spread(node, node.input(1), shape, axis, block),
                     wide);
  Value zero = spread(node, node.input(2), shape, axis, block);
  return node.setOutput(0, quantised(node, x, scale, zero, element));
}

VISIR_ONNX_OP(QuantizeLinear, 10, 2, importQuantizeLinear)
