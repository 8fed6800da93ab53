// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// x / norm, and 0 where the norm is 0.
static LogicalResult importLpNormalization(Node &node) {
  int64_t p = node.intAttr("p", 2);
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", -1), node.rank(0));
  if (failed(axis))
    return failure();
  if (p != 1 && p != 2)
    return node.refuse("p", Twine(p), "1 or 2");
  Value x = node.input(0);
  Value norm = reduce(node, p == 1 ? ReduceKind::L1 : ReduceKind::L2, x,
                      {*axis}, true);
  Value isZero =
      compare(node, CompareKind::Equal, norm, scalarLike(node, norm, 0));
  norm = select(node, isZero, scalarLike(node, norm, 1), norm);
  return node.setOutput(0, binary(node, BinaryKind::Div, x, norm));
}

VISIR_ONNX_OP(LpNormalization, 1, 1, importLpNormalization)
