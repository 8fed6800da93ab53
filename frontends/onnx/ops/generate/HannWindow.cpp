// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/CosineWindow.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importHannWindow(Node &node) {
  return setCosineWindow(node, {0.5, -0.5});
}

VISIR_ONNX_OP(HannWindow, 17, 1, importHannWindow)
