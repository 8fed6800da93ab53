// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importIdentity(Node &node) {
  return node.setOutput(0, node.input(0));
}

VISIR_ONNX_OP(Identity, 1, 1, importIdentity)
