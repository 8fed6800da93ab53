// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Noise.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importRandomNormalLike(Node &node) {
  node.ignoreInput(0);
  Type own = isFloat(node.elementType(0)) ? node.elementType(0) : f32(node);
  return setNormal(node, node.shape(0), noiseType(node, own));
}

VISIR_ONNX_OP(RandomNormalLike, 1, 1, importRandomNormalLike)
