// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Noise.h"
#include "frontends/onnx/import/Tensor.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// 1 where a uniform number is below the input, else 0.
static LogicalResult importBernoulli(Node &node) {
  Type element = node.elementType(0);
  if (node.hasAttr("dtype")) {
    int64_t dtype = node.intAttr("dtype", 1);
    element = elementTypeOf(node.context(), dtype);
    if (!element)
      return node.refuse("dtype", dataTypeName(dtype),
                         "a float, integer or bool");
  }
  Value noise = drawNoise(node, Draw::Uniform, node.shape(0));
  Value chance = cast(node, node.input(0), f32(node));
  return node.setOutput(
      0, cast(node, compare(node, CompareKind::Less, noise, chance), element));
}

VISIR_ONNX_OP(Bernoulli, 15, 1, importBernoulli)
