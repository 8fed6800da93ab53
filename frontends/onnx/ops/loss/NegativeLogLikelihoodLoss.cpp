// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Loss.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importNegativeLogLikelihoodLoss(Node &node) {
  return setNegativeLogLikelihood(node, node.input(0));
}

VISIR_ONNX_OP(NegativeLogLikelihoodLoss, 12, 2, importNegativeLogLikelihoodLoss)
