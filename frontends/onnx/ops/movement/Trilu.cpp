// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Keeps the upper (or lower) triangle of the last two dimensions.
static LogicalResult importTrilu(Node &node) {
  bool upper = node.intAttr("upper", 1);
  if (node.rank(0) < 2)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 2");
  int64_t rows = node.shape(0).take_back(2)[0], columns = node.shape(0).back();
  Value row = reshape(node, countingConstant(node, 0, rows), {rows, 1});
  Value column =
      reshape(node, countingConstant(node, 0, columns), {1, columns});
  // On the diagonal k, column - row is k.
  if (node.hasInput(1))
    row = binary(node, BinaryKind::Add, row,
                 reshape(node, cast(node, node.input(1), si64(node)), {}));
  Value kept = compare(
      node, upper ? CompareKind::GreaterEqual : CompareKind::LessEqual, column,
      row);
  Value x = node.input(0);
  return node.setOutput(0, select(node, kept, x, scalarLike(node, x, 0)));
}

VISIR_ONNX_OP(Trilu, 14, 1, importTrilu)
