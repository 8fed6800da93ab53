// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Comparisons.
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

template <CompareKind kind> static LogicalResult importCompare(Node &node) {
  return node.setOutput(0,
                        compare(node, kind, node.input(0), node.input(1)));
}

VISIR_ONNX_OP(Equal, 7, 2, importCompare<CompareKind::Equal>)
VISIR_ONNX_OP(Greater, 7, 2, importCompare<CompareKind::Greater>)
VISIR_ONNX_OP(GreaterOrEqual, 12, 2, importCompare<CompareKind::GreaterEqual>)
VISIR_ONNX_OP(Less, 7, 2, importCompare<CompareKind::Less>)
VISIR_ONNX_OP(LessOrEqual, 12, 2, importCompare<CompareKind::LessEqual>)
