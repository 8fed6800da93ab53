// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All reductions.
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Bools reduce as bytes, where max is "any" and min is "all".
static Value reduceAny(Node &node, ReduceKind kind, Value input,
                       ArrayRef<int64_t> axes, bool keepdims) {
  if (!isBool(elementOf(input)))
    return reduce(node, kind, input, axes, keepdims);
  Type byte = node.builder().getIntegerType(8, /*isSigned=*/false);
  Value result =
      reduce(node, kind, cast(node, input, byte), axes, keepdims);
  return cast(node, result, elementOf(input));
}

static LogicalResult importReduction(Node &node, ReduceKind kind,
                                     int64_t inputSince) {
  bool keepdims = node.intAttr("keepdims", 1) != 0;
  bool noop = node.intAttr("noop_with_empty_axes", 0) != 0;
  FailureOr<Shape> given = axesOperand(node, 1, inputSince);
  if (failed(given))
    return failure();
  FailureOr<Shape> axes = normaliseAxes(node, *given, node.rank(0));
  if (failed(axes))
    return failure();
  if (axes->empty() && noop)
    return node.setOutput(0, node.input(0));
  if (axes->empty())
    axes = llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0)));
  return node.setOutput(
      0, reduceAny(node, kind, node.input(0), *axes, keepdims));
}

/// The axes became an input in opset 18, those of ReduceSum in opset 13.
template <ReduceKind kind> static LogicalResult importReduce(Node &node) {
  return importReduction(node, kind, kind == ReduceKind::Sum ? 13 : 18);
}

VISIR_ONNX_OP(ReduceL1, 1, 1, importReduce<ReduceKind::L1>)
VISIR_ONNX_OP(ReduceL2, 1, 1, importReduce<ReduceKind::L2>)
VISIR_ONNX_OP(ReduceLogSum, 1, 1, importReduce<ReduceKind::LogSum>)
VISIR_ONNX_OP(ReduceLogSumExp, 1, 1, importReduce<ReduceKind::LogSumExp>)
VISIR_ONNX_OP(ReduceMax, 1, 1, importReduce<ReduceKind::Max>)
VISIR_ONNX_OP(ReduceMean, 1, 1, importReduce<ReduceKind::Mean>)
VISIR_ONNX_OP(ReduceMin, 1, 1, importReduce<ReduceKind::Min>)
VISIR_ONNX_OP(ReduceProd, 1, 1, importReduce<ReduceKind::Prod>)
VISIR_ONNX_OP(ReduceSum, 1, 1, importReduce<ReduceKind::Sum>)
VISIR_ONNX_OP(ReduceSumSquare, 1, 1, importReduce<ReduceKind::SumSquare>)
