// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Sequence.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importSequenceConstruct(Node &node) {
  return node.setOutput(0, makeSequence(node, node.inputs()));
}

VISIR_ONNX_OP(SequenceConstruct, 11, 1, importSequenceConstruct)
