// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/SymbolicShapes.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Replaces 0 (as in the input, unless `allowZero`) and one -1 (what is left).
static LogicalResult completeShape(Node &node, bool allowZero, Shape &shape) {
  ArrayRef<int64_t> in = node.shape(0);
  std::optional<size_t> open;
  int64_t known = 1;
  for (auto [i, extent] : llvm::enumerate(shape)) {
    if (extent == 0 && !allowZero) {
      if (i >= in.size())
        return node.refuse("rank of the input", Twine(in.size()),
                           "more than " + Twine(i) + ", where shape has a 0");
      extent = in[i];
    }
    if (extent == -1) {
      if (open)
        return node.refuse("shape has more than one -1");
      open = i;
      continue;
    }
    if (extent < 0 || llvm::MulOverflow(known, extent, known))
      return checkElements(node, shape);
  }
  if (!open)
    return success();
  int64_t count = node.type(0).getNumElements();
  if (known == 0 || count % known != 0)
    return node.refuse("number of elements", Twine(count),
                       "a multiple of " + Twine(known));
  shape[*open] = count / known;
  return success();
}

static LogicalResult importReshape(Node &node) {
  bool allowZero = node.intAttr("allowzero", 0) != 0;
  if (isBoundedNode(node, {1}))
    return boundedReshape(node, allowZero);
  FailureOr<Shape> shape = node.requireInts(1, "shape");
  if (failed(shape) || failed(completeShape(node, allowZero, *shape)))
    return failure();
  return node.setOutput(0, reshape(node, node.input(0), *shape));
}

VISIR_ONNX_OP(Reshape, 5, 2, importReshape)
