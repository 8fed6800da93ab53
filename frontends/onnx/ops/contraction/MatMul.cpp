// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// A one-dimensional operand counts as a row (lhs) or a column (rhs), and its
/// dimension leaves the result.
static LogicalResult importMatMul(Node &node) {
  Shape lhs(node.shape(0)), rhs(node.shape(1));
  if (lhs.empty() || rhs.empty())
    return node.refuse("rank of an operand", "0", "at least 1");
  bool row = lhs.size() == 1, column = rhs.size() == 1;
  if (row)
    lhs.insert(lhs.begin(), 1);
  if (column)
    rhs.push_back(1);
  Value product = node.create<MatMulOp>(reshape(node, node.input(0), lhs),
                                        reshape(node, node.input(1), rhs));
  if (!product)
    return failure();
  Shape out(shapeOf(product));
  if (column)
    out.pop_back();
  if (row)
    out.erase(out.end() - (column ? 1 : 2));
  return node.setOutput(0, reshape(node, product, out));
}

VISIR_ONNX_OP(MatMul, 1, 2, importMatMul)
