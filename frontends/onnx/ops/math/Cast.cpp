// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cast, CastLike and BitCast.
#include "dialects/visir/Bitcast.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Tensor.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importCast(Node &node) {
  // They rule narrow floats only, which are refused below.
  node.ignoreAttr("saturate");
  node.ignoreAttr("round_mode");
  int64_t to = node.intAttr("to", 0);
  mlir::Type element = elementTypeOf(node.context(), to);
  if (!element)
    return node.refuse("attribute 'to'", dataTypeName(to),
                       "a float, integer or bool");
  return node.setOutput(0, cast(node, node.input(0), element));
}

static LogicalResult importCastLike(Node &node) {
  node.ignoreAttr("saturate");
  node.ignoreAttr("round_mode");
  return node.setOutput(0, cast(node, node.input(0), node.elementType(1)));
}

static LogicalResult importBitCast(Node &node) {
  int64_t to = node.intAttr("to", 0);
  mlir::Type element = elementTypeOf(node.context(), to);
  if (!element)
    return node.refuse("attribute 'to'", dataTypeName(to),
                       "a float, integer or bool");
  Value input = node.input(0);
  if (!input)
    return mlir::failure();
  if (memoryBits(element) != memoryBits(elementOf(input)))
    return node.refuse("attribute 'to'", dataTypeName(to),
                       "a type of as many bits as the input's " +
                           typeName(elementOf(input)));
  if (element == elementOf(input))
    return node.setOutput(0, input);
  return node.setOutput(0, node.create<BitcastOp>(input, element));
}

VISIR_ONNX_OP(Cast, 6, 1, importCast)
VISIR_ONNX_OP(CastLike, 15, 2, importCastLike)
VISIR_ONNX_OP(BitCast, 26, 1, importBitCast)
