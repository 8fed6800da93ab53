// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Pool.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// (sum of |x|^p over the window)^(1/p): a mean whose divisor is always the
/// size of the window, undone by a factor.
static LogicalResult importLpPool(Node &node) {
  int64_t p = node.intAttr("p", 2);
  if (p < 1)
    return node.refuse("p", Twine(p), "at least 1");
  FailureOr<PoolWindow> w = poolWindow(node);
  if (failed(w))
    return failure();
  Value x = node.input(0);
  if (p == 2) {
    x = binary(node, BinaryKind::Mul, x, x);
  } else {
    x = unary(node, UnaryKind::Abs, x);
    if (p > 2)
      x = binary(node, BinaryKind::Pow, x, scalarLike(node, x, p));
  }
  auto counted = node.builder().getDenseI64ArrayAttr(w->pads);
  x = node.create<AvgPoolOp>(x, w->kernel, w->strides, w->pads, w->dilations,
                             counted);
  int64_t size = ShapedType::getNumElements(w->kernel);
  x = binary(node, BinaryKind::Mul, x, scalarLike(node, x, size));
  if (p == 2)
    x = unary(node, UnaryKind::Sqrt, x);
  else if (p > 2)
    x = binary(node, BinaryKind::Pow, x, scalarLike(node, x, 1.0 / p));
  return node.setOutput(0, x);
}

VISIR_ONNX_OP(LpPool, 2, 1, importLpPool)
