// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Sequence.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importSequenceLength(Node &node) {
  FailureOr<SmallVector<Value>> elements = sequenceInput(node, 0);
  if (failed(elements))
    return failure();
  Value length = intsConstant(node, {int64_t(elements->size())});
  return node.setOutput(0, reshape(node, length, ArrayRef<int64_t>()));
}

VISIR_ONNX_OP(SequenceLength, 11, 1, importSequenceLength)
