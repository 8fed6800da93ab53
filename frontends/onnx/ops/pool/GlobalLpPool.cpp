// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importGlobalLpPool(Node &node) {
  if (node.rank(0) < 3)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 3");
  int64_t p = node.intAttr("p", 2);
  if (p < 1)
    return node.refuse("p", Twine(p), "at least 1");
  auto axes = llvm::to_vector(llvm::seq<int64_t>(2, node.rank(0)));
  Value x = node.input(0);
  if (p <= 2)
    return node.setOutput(
        0, reduce(node, p == 1 ? ReduceKind::L1 : ReduceKind::L2, x, axes,
                  true));
  x = unary(node, UnaryKind::Abs, x);
  x = binary(node, BinaryKind::Pow, x, scalarLike(node, x, p));
  x = reduce(node, ReduceKind::Sum, x, axes, true);
  return node.setOutput(
      0, binary(node, BinaryKind::Pow, x, scalarLike(node, x, 1.0 / p)));
}

VISIR_ONNX_OP(GlobalLpPool, 2, 1, importGlobalLpPool)
