// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Noise.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importRandomUniform(Node &node) {
  return setUniform(node, node.intsAttr("shape"), noiseType(node, f32(node)));
}

VISIR_ONNX_OP(RandomUniform, 1, 0, importRandomUniform)
