// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Noise.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Of training: elements become 0 with the probability `ratio`, the others
/// grow so that the mean stays.
static LogicalResult importRandomDropout(Node &node) {
  auto known = node.constantDoubles(1);
  if (known && (known->size() != 1 || !(known->front() >= 0) ||
                !(known->front() < 1)))
    return node.refuse("ratio is not one number from 0 to below 1");
  Value input = node.input(0), one = scalar(node, f32(node), 1);
  Value noise = drawNoise(node, Draw::Uniform, node.shape(0));
  Value ratio = node.hasInput(1)
                    ? cast(node, reshape(node, node.input(1), {}), f32(node))
                    : scalar(node, f32(node), 0.5);
  Value kept = compare(node, CompareKind::GreaterEqual, noise, ratio);
  if (node.hasOutput(1) && failed(node.setOutput(1, kept)))
    return failure();
  Value growth = binary(node, BinaryKind::Div, one,
                        binary(node, BinaryKind::Sub, one, ratio));
  if (node.refused())
    return failure();
  Value scaled = binary(node, BinaryKind::Mul, input,
                        cast(node, growth, node.elementType(0)));
  return node.setOutput(
      0, select(node, kept, scaled, scalarLike(node, input, 0)));
}

/// In inference the input itself, and a mask that keeps everything.
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
      return importRandomDropout(node);
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
