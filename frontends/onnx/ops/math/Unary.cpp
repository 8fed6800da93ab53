// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of one tensor without attributes.
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

template <UnaryKind kind> static LogicalResult importUnary(Node &node) {
  return node.setOutput(0, unary(node, kind, node.input(0)));
}

VISIR_ONNX_OP(Abs, 6, 1, importUnary<UnaryKind::Abs>)
VISIR_ONNX_OP(Acos, 7, 1, importUnary<UnaryKind::Acos>)
VISIR_ONNX_OP(Acosh, 9, 1, importUnary<UnaryKind::Acosh>)
VISIR_ONNX_OP(Asin, 7, 1, importUnary<UnaryKind::Asin>)
VISIR_ONNX_OP(Asinh, 9, 1, importUnary<UnaryKind::Asinh>)
VISIR_ONNX_OP(Atan, 7, 1, importUnary<UnaryKind::Atan>)
VISIR_ONNX_OP(Atanh, 9, 1, importUnary<UnaryKind::Atanh>)
VISIR_ONNX_OP(BitwiseNot, 18, 1, importUnary<UnaryKind::BitNot>)
VISIR_ONNX_OP(Ceil, 6, 1, importUnary<UnaryKind::Ceil>)
VISIR_ONNX_OP(Cos, 7, 1, importUnary<UnaryKind::Cos>)
VISIR_ONNX_OP(Cosh, 9, 1, importUnary<UnaryKind::Cosh>)
VISIR_ONNX_OP(Erf, 9, 1, importUnary<UnaryKind::Erf>)
VISIR_ONNX_OP(Exp, 6, 1, importUnary<UnaryKind::Exp>)
VISIR_ONNX_OP(Floor, 6, 1, importUnary<UnaryKind::Floor>)
VISIR_ONNX_OP(HardSwish, 14, 1, importUnary<UnaryKind::HardSwish>)
VISIR_ONNX_OP(IsNaN, 9, 1, importUnary<UnaryKind::IsNaN>)
VISIR_ONNX_OP(Log, 6, 1, importUnary<UnaryKind::Log>)
VISIR_ONNX_OP(Mish, 18, 1, importUnary<UnaryKind::Mish>)
VISIR_ONNX_OP(Neg, 6, 1, importUnary<UnaryKind::Neg>)
VISIR_ONNX_OP(Not, 1, 1, importUnary<UnaryKind::Not>)
VISIR_ONNX_OP(Reciprocal, 6, 1, importUnary<UnaryKind::Reciprocal>)
VISIR_ONNX_OP(Relu, 6, 1, importUnary<UnaryKind::Relu>)
VISIR_ONNX_OP(Round, 11, 1, importUnary<UnaryKind::Round>)
VISIR_ONNX_OP(Sigmoid, 6, 1, importUnary<UnaryKind::Sigmoid>)
VISIR_ONNX_OP(Sign, 9, 1, importUnary<UnaryKind::Sign>)
VISIR_ONNX_OP(Sin, 7, 1, importUnary<UnaryKind::Sin>)
VISIR_ONNX_OP(Sinh, 9, 1, importUnary<UnaryKind::Sinh>)
VISIR_ONNX_OP(Softplus, 1, 1, importUnary<UnaryKind::Softplus>)
VISIR_ONNX_OP(Softsign, 1, 1, importUnary<UnaryKind::Softsign>)
VISIR_ONNX_OP(Sqrt, 6, 1, importUnary<UnaryKind::Sqrt>)
VISIR_ONNX_OP(Tan, 7, 1, importUnary<UnaryKind::Tan>)
VISIR_ONNX_OP(Tanh, 6, 1, importUnary<UnaryKind::Tanh>)
