// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The result's shape depends on the values, so they must be known.
static LogicalResult importNonZero(Node &node) {
  FailureOr<SmallVector<double>> values = node.requireDoubles(0, "the input");
  if (failed(values))
    return failure();
  ArrayRef<int64_t> shape = node.shape(0);
  SmallVector<int64_t> found;
  for (auto [i, value] : llvm::enumerate(*values))
    if (value != 0)
      found.push_back(i);
  int64_t rank = shape.size(), count = found.size();
  SmallVector<int64_t> positions(rank * count);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = found[i];
    for (int64_t d = rank - 1; d >= 0; --d) {
      positions[d * count + i] = rest % shape[d];
      rest /= shape[d];
    }
  }
  return node.setOutput(
      0, reshape(node, intsConstant(node, positions), {rank, count}));
}

VISIR_ONNX_OP(NonZero, 9, 1, importNonZero)
