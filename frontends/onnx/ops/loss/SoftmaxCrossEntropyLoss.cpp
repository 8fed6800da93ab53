// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Loss.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importSoftmaxCrossEntropyLoss(Node &node) {
  if (node.rank(0) < 2)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 2");
  Value logProbability =
      node.create<SoftmaxOp>(node.input(0), int64_t(1), true);
  if (failed(setNegativeLogLikelihood(node, logProbability)))
    return failure();
  return node.hasOutput(1) ? node.setOutput(1, logProbability) : success();
}

VISIR_ONNX_OP(SoftmaxCrossEntropyLoss, 12, 2, importSoftmaxCrossEntropyLoss)
