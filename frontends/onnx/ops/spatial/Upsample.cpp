// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Resample.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importUpsample(Node &node) {
  FailureOr<Interpolation> kind = interpolation(node);
  FailureOr<SmallVector<double>> scales =
      node.opset() < 9
          ? FailureOr<SmallVector<double>>(node.floatsAttr("scales"))
          : node.requireDoubles(1, "scales");
  if (failed(kind) || failed(scales))
    return failure();
  FailureOr<SmallVector<ResizeAxis>> axes =
      axesFromScales(node, node.shape(0), *scales);
  if (failed(axes))
    return failure();
  ResizeMode mode;
  mode.coordinates = Coordinates::Asymmetric;
  mode.interpolation = *kind;
  mode.nearest = NearestRounding::Floor;
  return node.setOutput(0, resample(node, node.input(0), *axes, mode, 0));
}

VISIR_ONNX_OP(Upsample, 7, 1, importUpsample)
