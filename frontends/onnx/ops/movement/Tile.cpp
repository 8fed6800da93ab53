// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Each dimension d becomes (1, d), is expanded to (repeats, d) and merged.
static LogicalResult importTile(Node &node) {
  FailureOr<Shape> repeats = node.requireInts(1, "repeats");
  if (failed(repeats))
    return failure();
  ArrayRef<int64_t> in = node.shape(0);
  if (repeats->size() != in.size())
    return node.refuse("number of repeats", Twine(repeats->size()),
                       Twine(in.size()));
  if (failed(checkElements(node, *repeats)))
    return failure();
  Shape split, expanded, result;
  for (auto [extent, count] : llvm::zip_equal(in, *repeats)) {
    if (count != 1) {
      split.push_back(1);
      expanded.push_back(count);
    }
    split.push_back(extent);
    expanded.push_back(extent);
    int64_t &merged = result.emplace_back();
    if (llvm::MulOverflow(extent, count, merged))
      return node.refuse("a repeat", Twine(count), "a smaller one");
  }
  Value value = reshape(node, node.input(0), split);
  value = expand(node, value, expanded);
  return node.setOutput(0, reshape(node, value, result));
}

VISIR_ONNX_OP(Tile, 6, 2, importTile)
