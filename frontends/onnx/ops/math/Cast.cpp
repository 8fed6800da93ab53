// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cast and CastLike.
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

VISIR_ONNX_OP(Cast, 6, 1, importCast)
VISIR_ONNX_OP(CastLike, 15, 2, importCastLike)
