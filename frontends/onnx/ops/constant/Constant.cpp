// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The one attribute that holds the value, as a constant; null when refused.
static ElementsAttr valueOf(Node &node) {
  auto list = [&](ArrayRef<int64_t> shape, Type element) {
    return RankedTensorType::get(shape, element);
  };
  if (node.hasAttr("value"))
    return node.tensorAttr("value");
  if (node.hasAttr("value_float"))
    return makeSplat(list({}, f32(node)), node.floatAttr("value_float", 0));
  if (node.hasAttr("value_int")) {
    int64_t value = node.intAttr("value_int", 0);
    return makeConstant(list({}, si64(node)), ArrayRef<int64_t>(value));
  }
  if (node.hasAttr("value_floats")) {
    SmallVector<double> values = node.floatsAttr("value_floats");
    return makeConstant(list(values.size(), f32(node)),
                        ArrayRef<double>(values));
  }
  if (node.hasAttr("value_ints")) {
    Shape values = node.intsAttr("value_ints");
    return makeConstant(list(values.size(), si64(node)),
                        ArrayRef<int64_t>(values));
  }
  (void)node.refuse("the value is a string or sparse, expected numbers");
  return {};
}

static LogicalResult importConstant(Node &node) {
  ElementsAttr value = valueOf(node);
  if (!value)
    return node.refuse("the value is missing");
  return node.setOutput(0, node.constant(value));
}

VISIR_ONNX_OP(Constant, 1, 0, importConstant)
