// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Sequence.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importSequenceErase(Node &node) {
  FailureOr<SmallVector<Value>> elements = sequenceInput(node, 0);
  if (failed(elements))
    return failure();
  int64_t length = elements->size();
  if (length == 0)
    return node.refuse("length of the sequence", "0", "at least 1");
  FailureOr<int64_t> at = positionInput(node, 1, length, length - 1);
  if (failed(at))
    return failure();
  elements->erase(elements->begin() + *at);
  return node.setOutput(0, makeSequence(node, *elements));
}

VISIR_ONNX_OP(SequenceErase, 11, 1, importSequenceErase)
