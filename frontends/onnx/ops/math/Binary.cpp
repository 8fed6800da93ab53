// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of two tensors without attributes.
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

template <BinaryKind kind> static LogicalResult importBinary(Node &node) {
  return node.setOutput(0,
                        binary(node, kind, node.input(0), node.input(1)));
}

VISIR_ONNX_OP(Add, 7, 2, importBinary<BinaryKind::Add>)
VISIR_ONNX_OP(And, 7, 2, importBinary<BinaryKind::And>)
VISIR_ONNX_OP(BitwiseAnd, 18, 2, importBinary<BinaryKind::BitAnd>)
VISIR_ONNX_OP(BitwiseOr, 18, 2, importBinary<BinaryKind::BitOr>)
VISIR_ONNX_OP(BitwiseXor, 18, 2, importBinary<BinaryKind::BitXor>)
VISIR_ONNX_OP(Div, 7, 2, importBinary<BinaryKind::Div>)
VISIR_ONNX_OP(Mul, 7, 2, importBinary<BinaryKind::Mul>)
VISIR_ONNX_OP(Or, 7, 2, importBinary<BinaryKind::Or>)
VISIR_ONNX_OP(Pow, 7, 2, importBinary<BinaryKind::Pow>)
VISIR_ONNX_OP(Sub, 7, 2, importBinary<BinaryKind::Sub>)
VISIR_ONNX_OP(Xor, 7, 2, importBinary<BinaryKind::Xor>)
