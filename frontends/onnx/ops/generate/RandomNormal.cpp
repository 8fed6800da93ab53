// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Noise.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importRandomNormal(Node &node) {
  return setNormal(node, node.intsAttr("shape"), noiseType(node, f32(node)));
}

VISIR_ONNX_OP(RandomNormal, 1, 0, importRandomNormal)
