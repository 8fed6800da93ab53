// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importTranspose(Node &node) {
  Shape reversed;
  for (int64_t i = node.rank(0); i-- > 0;)
    reversed.push_back(i);
  return node.setOutput(
      0, transpose(node, node.input(0), node.intsAttr("perm", reversed)));
}

VISIR_ONNX_OP(Transpose, 1, 1, importTranspose)
