// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Sequence.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importConcatFromSequence(Node &node) {
  bool isNew = node.intAttr("new_axis", 0) != 0;
  FailureOr<SmallVector<Value>> elements = sequenceInput(node, 0);
  if (failed(elements))
    return failure();
  if (elements->empty())
    return node.refuse("length of the sequence", "0", "at least 1");
  int64_t rank = shapeOf(elements->front()).size() + (isNew ? 1 : 0);
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", 0), rank);
  if (failed(axis))
    return failure();
  if (isNew)
    for (Value &element : *elements)
      element = unsqueeze(node, element, {*axis});
  return node.setOutput(0, concat(node, *elements, *axis));
}

VISIR_ONNX_OP(ConcatFromSequence, 11, 1, importConcatFromSequence)
