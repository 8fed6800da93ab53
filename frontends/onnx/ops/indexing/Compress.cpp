// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importCompress(Node &node) {
  FailureOr<SmallVector<int64_t>> condition =
      node.requireInts(1, "condition");
  if (failed(condition))
    return failure();
  Value x = node.input(0);
  int64_t axis = 0;
  if (node.hasAttr("axis")) {
    FailureOr<int64_t> given =
        normaliseAxis(node, node.intAttr("axis", 0), node.rank(0));
    if (failed(given))
      return failure();
    axis = *given;
  } else {
    x = reshape(node, x, {node.type(0).getNumElements()});
  }
  SmallVector<int64_t> kept;
  for (auto [i, keep] : llvm::enumerate(*condition))
    if (keep)
      kept.push_back(i);
  return node.setOutput(
      0, node.create<GatherOp>(x, intsConstant(node, kept), axis));
}

VISIR_ONNX_OP(Compress, 9, 2, importCompress)
