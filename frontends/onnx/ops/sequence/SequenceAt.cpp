// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Sequence.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importSequenceAt(Node &node) {
  FailureOr<SmallVector<Value>> elements = sequenceInput(node, 0);
  if (failed(elements))
    return failure();
  FailureOr<int64_t> at = positionInput(node, 1, elements->size(), 0);
  if (failed(at))
    return failure();
  return node.setOutput(0, (*elements)[*at]);
}

VISIR_ONNX_OP(SequenceAt, 11, 2, importSequenceAt)
