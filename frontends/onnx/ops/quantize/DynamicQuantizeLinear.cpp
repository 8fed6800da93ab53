// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Quantise.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Scale and zero point from the extremes of the input and zero.
static LogicalResult importDynamicQuantizeLinear(Node &node) {
  Type byte = IntegerType::get(node.context(), 8, IntegerType::Unsigned);
  auto axes = llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0)));
  Value x = node.input(0), zero = scalarLike(node, x, 0);
  Value high = binary(node, BinaryKind::Max,
                      reduce(node, ReduceKind::Max, x, axes, false), zero);
  Value low = binary(node, BinaryKind::Min,
                     reduce(node, ReduceKind::Min, x, axes, false), zero);
  Value range = binary(node, BinaryKind::Sub, high, low);
  Value isFlat = compare(node, CompareKind::Equal, range, zero);
  range = select(node, isFlat, scalarLike(node, x, 1), range);
  Value scale =
      binary(node, BinaryKind::Div, range, scalarLike(node, x, 255));
  Value point = unary(node, UnaryKind::Neg,
                      binary(node, BinaryKind::Div, low, scale));
  point = saturated(node, unary(node, UnaryKind::Round, point), byte);
  if (failed(node.setOutput(0, quantised(node, x, scale, point, byte))) ||
      failed(node.setOutput(1, scale)))
    return failure();
  return node.setOutput(2, point);
}

VISIR_ONNX_OP(DynamicQuantizeLinear, 11, 1, importDynamicQuantizeLinear)
