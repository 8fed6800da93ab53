// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of any number of tensors.
#include "frontends/onnx/import/Helpers.h"

using namespace visir;
using namespace visir::onnx;

static Value combine(Node &node, BinaryKind kind) {
  Value result = node.input(0);
  for (Value input : node.inputs().drop_front())
    result = binary(node, kind, result, input);
  return result;
}

template <BinaryKind kind> static LogicalResult importVariadic(Node &node) {
  return node.setOutput(0, combine(node, kind));
}

static LogicalResult importMean(Node &node) {
  Value sum = combine(node, BinaryKind::Add);
  return node.setOutput(0, binary(node, BinaryKind::Div, sum,
                                  scalarLike(node, sum, node.numInputs())));
}

VISIR_ONNX_OP(Max, 6, 1, importVariadic<BinaryKind::Max>)
VISIR_ONNX_OP(Mean, 6, 1, importMean)
VISIR_ONNX_OP(Min, 6, 1, importVariadic<BinaryKind::Min>)
VISIR_ONNX_OP(Sum, 6, 1, importVariadic<BinaryKind::Add>)
