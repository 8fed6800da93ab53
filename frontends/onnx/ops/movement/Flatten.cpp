// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static LogicalResult importFlatten(Node &node) {
  int64_t axis = node.intAttr("axis", 1), rank = node.rank(0);
  if (axis < -rank || axis > rank)
    return node.refuse("axis", Twine(axis), Twine(-rank) + " .. " +
                                                Twine(rank));
  if (axis < 0)
    axis += rank;
  return node.setOutput(0, flatten(node, node.input(0), axis));
}

VISIR_ONNX_OP(Flatten, 1, 1, importFlatten)
