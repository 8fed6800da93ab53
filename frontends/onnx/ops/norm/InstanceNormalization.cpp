// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importInstanceNormalization(Node &node) {
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  if (node.rank(0) < 3)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 3");
  return node.setOutput(
      0, node.create<GroupNormOp>(node.input(0), node.input(1), node.input(2),
                                  node.shape(0)[1], llvm::APFloat(epsilon)));
}

VISIR_ONNX_OP(InstanceNormalization, 6, 3, importInstanceNormalization)
