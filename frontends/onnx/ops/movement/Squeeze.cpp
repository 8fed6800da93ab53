// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importSqueeze(Node &node) {
  FailureOr<Shape> given = axesOperand(node, 1, /*inputSince=*/13);
  if (failed(given))
    return failure();
  FailureOr<Shape> axes = normaliseAxes(node, *given, node.rank(0));
  if (failed(axes))
    return failure();
  Shape shape;
  for (auto [i, extent] : llvm::enumerate(node.shape(0))) {
    bool named = llvm::is_contained(*axes, int64_t(i));
    if (named && extent != 1)
      return node.refuse("dimension " + Twine(i), Twine(extent), "1");
    if (!named && !(axes->empty() && extent == 1))
      shape.push_back(extent);
  }
  return node.setOutput(0, reshape(node, node.input(0), shape));
}

VISIR_ONNX_OP(Squeeze, 1, 1, importSqueeze)
