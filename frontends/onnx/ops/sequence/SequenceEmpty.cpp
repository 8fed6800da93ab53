// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Sequence.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importSequenceEmpty(Node &node) {
  node.ignoreAttr("dtype");
  return node.setOutput(0, makeSequence(node, {}));
}

VISIR_ONNX_OP(SequenceEmpty, 11, 0, importSequenceEmpty)
