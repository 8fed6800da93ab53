// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importConv(Node &node) {
  ArrayRef<int64_t> in = node.shape(0), weight = node.shape(1);
  if (in.size() < 3 || weight.size() != in.size())
    return node.refuse("shapes of input and weight",
                       shapeName(in) + " and " + shapeName(weight),
                       "equal ranks of at least 3");
  FailureOr<Window> w =
      window(node, in.drop_front(2), weight.drop_front(2));
  int64_t groups = node.intAttr("group", 1);
  if (failed(w))
    return failure();
  return node.setOutput(
      0, node.create<ConvOp>(node.input(0), node.input(1), node.input(2),
                             w->strides, w->pads, w->dilations, groups));
}

VISIR_ONNX_OP(Conv, 1, 2, importConv)
