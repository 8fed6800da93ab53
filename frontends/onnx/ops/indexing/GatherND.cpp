// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importGatherND(Node &node) {
  int64_t batch = node.intAttr("batch_dims", 0);
  if (batch < 0 || batch >= std::min(node.rank(0), node.rank(1)))
    return node.refuse("batch_dims", Twine(batch),
                       "less than the ranks of both operands");
  return node.setOutput(
      0, node.create<GatherNDOp>(node.input(0), node.input(1), batch));
}

VISIR_ONNX_OP(GatherND, 11, 2, importGatherND)
