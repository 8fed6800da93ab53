// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/visir/ops/Shape.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/SymbolicShapes.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importExpand(Node &node) {
  if (isBoundedNode(node, {1}))
    return boundedExpand(node);
  FailureOr<Shape> shape = node.requireInts(1, "shape");
  if (failed(shape) || failed(checkElements(node, *shape)))
    return failure();
  Shape result;
  if (failed(broadcastShapes(node.shape(0), *shape, result)))
    return node.refuse("shape", shapeName(*shape),
                       "one that broadcasts with " +
                           shapeName(node.shape(0)));
  return node.setOutput(0, expand(node, node.input(0), result));
}

VISIR_ONNX_OP(Expand, 8, 2, importExpand)
