// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/CosineWindow.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importHammingWindow(Node &node) {
  return setCosineWindow(node, {25.0 / 46, -21.0 / 46});
}

VISIR_ONNX_OP(HammingWindow, 17, 1, importHammingWindow)
