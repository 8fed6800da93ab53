// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// momentum * running + (1 - momentum) * current
static Value movingAverage(Node &node, Value running, Value current,
                           double momentum) {
  running = binary(node, BinaryKind::Mul, running,
                   scalarLike(node, running, momentum));
  current = binary(node, BinaryKind::Mul, current,
                   scalarLike(node, current, 1 - momentum));
  return binary(node, BinaryKind::Add, running, current);
}

/// Statistics over the batch and space, in the type of the running ones.
static LogicalResult importTraining(Node &node, double epsilon) {
  double momentum = node.floatAttr("momentum", 0.9);
  node.ignoreInput(4); // of influence on output 2 only
  int64_t channels = node.shape(0)[1];
  Shape axes{0};
  for (int64_t i = 2; i < node.rank(0); ++i)
    axes.push_back(i);
  Type element = node.elementType(3);
  Value x = cast(node, node.input(0), element);
  Value mean = reduce(node, ReduceKind::Mean, x, axes, true);
  Value centred = binary(node, BinaryKind::Sub, x, mean);
  Value variance =
      reduce(node, ReduceKind::Mean,
             binary(node, BinaryKind::Mul, centred, centred), axes, false);
  mean = reshape(node, mean, {channels});
  Value y = node.create<BatchNormOp>(x, cast(node, node.input(1), element),
                                     cast(node, node.input(2), element), mean,
                                     variance, llvm::APFloat(epsilon));
  if (failed(node.setOutput(0, cast(node, y, node.elementType(0)))))
    return failure();
  if (node.hasOutput(1) &&
      failed(node.setOutput(
          1, movingAverage(node, node.input(3), mean, momentum))))
    return failure();
  if (node.hasOutput(2))
    return node.setOutput(
        2, movingAverage(node, node.input(4), variance, momentum));
  return success();
}

static LogicalResult importBatchNormalization(Node &node) {
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  node.ignoreAttr("momentum");
  if (node.rank(0) < 2)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 2");
  if (int64_t spatial = node.intAttr("spatial", 1); spatial != 1)
    return node.refuse("spatial", Twine(spatial), "1");
  if (node.opset() >= 14 && node.intAttr("training_mode", 0) != 0)
    return importTraining(node, epsilon);
  for (unsigned i = 1; i < node.numOutputs(); ++i)
    if (node.hasOutput(i))
      return node.refuse("number of outputs", Twine(node.numOutputs()),
                         "1 without training_mode");
  // Parameters may be wider than a half-precision input.
  Type element = node.elementType(4);
  Value y = node.create<BatchNormOp>(
      cast(node, node.input(0), element), cast(node, node.input(1), element),
      cast(node, node.input(2), element), cast(node, node.input(3), element),
      node.input(4), llvm::APFloat(epsilon));
  return node.setOutput(0, cast(node, y, node.elementType(0)));
}

VISIR_ONNX_OP(BatchNormalization, 7, 5, importBatchNormalization)
