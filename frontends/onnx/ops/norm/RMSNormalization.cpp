// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importRMSNormalization(Node &node) {
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  node.ignoreAttr("stash_type"); // statistics are in f32 or wider
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", -1), node.rank(0));
  if (failed(axis))
    return failure();
  // The scale may broadcast to more than the normalised dimensions, and has a
  // type of its own, which is that of the result.
  bool inside = node.rank(1) <= node.rank(0) - *axis &&
                node.elementType(0) == node.elementType(1);
  Value scale = node.input(1);
  Value y = node.create<LayerNormOp>(node.input(0), inside ? scale : Value(),
                                     Value(), *axis, llvm::APFloat(epsilon),
                                     true);
  if (!inside)
    y = binary(node, BinaryKind::Mul, cast(node, y, node.elementType(1)),
               scale);
  return node.setOutput(0, y);
}

VISIR_ONNX_OP(RMSNormalization, 23, 2, importRMSNormalization)
