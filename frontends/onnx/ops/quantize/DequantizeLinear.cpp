// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Quantise.h"
#include "frontends/onnx/import/Tensor.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// (x - zero point) * scale
static LogicalResult importDequantizeLinear(Node &node) {
  int64_t axis = node.opset() >= 13 ? node.intAttr("axis", 1) : 1;
  int64_t block = node.opset() >= 21 ? node.intAttr("block_size", 0) : 0;
  int64_t asked = node.opset() >= 23 ? node.intAttr("output_dtype", 0) : 0;
  Type element = asked != 0 ? elementTypeOf(node.context(), asked)
                            : node.elementType(1);
  if (!element || !isFloat(element))
    return node.refuse("output_dtype", Twine(asked), "a float type");
  ArrayRef<int64_t> shape = node.shape(0);
  Value x = cast(node, node.input(0), f32(node));
  if (Value zero = spread(node, node.input(2), shape, axis, block))
    x = binary(node, BinaryKind::Sub, x, cast(node, zero, f32(node)));
  Value scale = spread(node, node.input(1), shape, axis, block);
  x = binary(node, BinaryKind::Mul, x, cast(node, scale, f32(node)));
  return node.setOutput(0, cast(node, x, element));
}

VISIR_ONNX_OP(DequantizeLinear, 10, 2, importDequantizeLinear)
