// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/CosineWindow.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importBlackmanWindow(Node &node) {
  return setCosineWindow(node, {0.42, -0.5, 0.08});
}

VISIR_ONNX_OP(BlackmanWindow, 17, 1, importBlackmanWindow)
