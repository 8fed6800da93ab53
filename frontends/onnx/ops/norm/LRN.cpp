// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importLRN(Node &node) {
  double alpha = node.floatAttr("alpha", 1e-4f);
  double beta = node.floatAttr("beta", 0.75);
  double bias = node.floatAttr("bias", 1.0);
  int64_t size = node.intAttr("size", 0);
  if (size < 1)
    return node.refuse("size", Twine(size), "at least 1");
  if (node.rank(0) < 2)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 2");
  return node.setOutput(
      0, node.create<LrnOp>(node.input(0), size, llvm::APFloat(alpha),
                            llvm::APFloat(beta), llvm::APFloat(bias)));
}

VISIR_ONNX_OP(LRN, 1, 1, importLRN)
