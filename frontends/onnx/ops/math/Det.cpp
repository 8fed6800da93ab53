// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The determinant by its formula, for matrices of up to 3 x 3.
static LogicalResult importDet(Node &node) {
  if (node.rank(0) < 2)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 2");
  ArrayRef<int64_t> lead = node.shape(0).drop_back(2);
  int64_t rows = node.shape(0).take_back(2)[0], columns = node.shape(0).back();
  if (rows != columns || rows < 1 || rows > 3)
    return node.refuse("size of the matrices",
                       Twine(rows) + " x " + Twine(columns),
                       "1 x 1, 2 x 2 or 3 x 3");
  Shape entryShape(lead);
  int64_t last = node.rank(0) - 1;
  auto entry = [&](int64_t row, int64_t column) {
    Value x = sliceAxis(node, node.input(0), last - 1, row, 1);
    return reshape(node, sliceAxis(node, x, last, column, 1), entryShape);
  };
  auto mul = [&](Value a, Value b) {
    return binary(node, BinaryKind::Mul, a, b);
  };
  // Of the rows `row` and `row + 1`.
  auto minor = [&](int64_t row, int64_t i, int64_t j) {
    return binary(node, BinaryKind::Sub, mul(entry(row, i), entry(row + 1, j)),
                  mul(entry(row, j), entry(row + 1, i)));
  };
  if (rows == 1)
    return node.setOutput(0, entry(0, 0));
  if (rows == 2)
    return node.setOutput(0, minor(0, 0, 1));
  Value sum = binary(node, BinaryKind::Sub, mul(entry(0, 0), minor(1, 1, 2)),
                     mul(entry(0, 1), minor(1, 0, 2)));
  return node.setOutput(0, binary(node, BinaryKind::Add, sum,
                                  mul(entry(0, 2), minor(1, 0, 1))));
}

VISIR_ONNX_OP(Det, 11, 1, importDet)
