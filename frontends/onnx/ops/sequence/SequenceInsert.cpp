// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Sequence.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importSequenceInsert(Node &node) {
  FailureOr<SmallVector<Value>> elements = sequenceInput(node, 0);
  if (failed(elements))
    return failure();
  int64_t length = elements->size();
  // A position may be the place behind the last element, but -1 is the last.
  FailureOr<int64_t> at = length;
  if (node.hasInput(2)) {
    at = node.requireInt(2, "position");
    if (failed(at))
      return failure();
    if (*at < -length || *at > length)
      return node.refuse("position", Twine(*at),
                         Twine(-length) + " .. " + Twine(length));
    at = *at < 0 ? *at + length : *at;
  }
  elements->insert(elements->begin() + *at, node.input(1));
  return node.setOutput(0, makeSequence(node, *elements));
}

VISIR_ONNX_OP(SequenceInsert, 11, 2, importSequenceInsert)
