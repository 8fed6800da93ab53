// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importGlobalAveragePool(Node &node) {
  if (node.rank(0) < 3)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 3");
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, node.rank(0)));
  return node.setOutput(
      0, reduce(node, ReduceKind::Mean, node.input(0), axes, true));
}

VISIR_ONNX_OP(GlobalAveragePool, 1, 1, importGlobalAveragePool)
