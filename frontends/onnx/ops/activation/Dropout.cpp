// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Inference only: the input itself, and a mask that keeps everything.
static LogicalResult importDropout(Node &node) {
  node.ignoreAttr("ratio");
  node.ignoreAttr("seed");
  auto ratio = node.constantDoubles(1);
  if (node.hasInput(2)) {
    FailureOr<int64_t> training = node.requireInt(2, "training_mode");
    if (failed(training))
      return failure();
    bool keepsAll = ratio && ratio->size() == 1 && ratio->front() == 0;
    if (*training && !keepsAll)
      return node.refuse("training_mode", "true", "false");
  }
  if (node.hasOutput(1)) {
    if (node.opset() < 10)
      return node.refuse("opset of a Dropout with a mask",
                         Twine(node.opset()), "at least 10");
    mlir::Type boolean = node.builder().getI1Type();
    if (failed(node.setOutput(1, filled(node, node.shape(0), boolean, 1))))
      return failure();
  }
  return node.setOutput(0, node.input(0));
}

VISIR_ONNX_OP(Dropout, 7, 1, importDropout)
