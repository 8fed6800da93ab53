// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Sizes of parts as equal as can be, the last one smaller.
static Shape equalParts(int64_t extent, int64_t count) {
  int64_t part = (extent + count - 1) / count;
  Shape sizes;
  for (int64_t i = 0; i < count; ++i)
    sizes.push_back(std::clamp<int64_t>(extent - i * part, 0, part));
  return sizes;
}

/// The sizes were an attribute before opset 13.
static FailureOr<Shape> partSizes(Node &node, int64_t extent) {
  int64_t count = node.intAttr("num_outputs", node.numOutputs());
  FailureOr<Shape> sizes = Shape();
  if (node.opset() < 13)
    sizes = node.intsAttr("split");
  else if (node.hasInput(1))
    sizes = node.requireInts(1, "split");
  if (failed(sizes))
    return failure();
  if (count != int64_t(node.numOutputs()))
    return node.refuse("num_outputs", Twine(count), Twine(node.numOutputs()));
  if (!sizes->empty())
    return sizes;
  if (node.opset() < 18 && extent % count != 0)
    return node.refuse("extent of the axis", Twine(extent),
                       "a multiple of " + Twine(count));
  return equalParts(extent, count);
}

static LogicalResult importSplit(Node &node) {
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", 0), node.rank(0));
  if (failed(axis))
    return failure();
  int64_t extent = node.shape(0)[*axis], begin = 0;
  FailureOr<Shape> sizes = partSizes(node, extent);
  if (failed(sizes))
    return failure();
  if (sizes->size() != node.numOutputs())
    return node.refuse("number of sizes", Twine(sizes->size()),
                       Twine(node.numOutputs()));
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    if (size < 0 || size > extent - begin)
      return node.refuse("size of part " + Twine(i), Twine(size),
                         "0 .. " + Twine(extent - begin));
    Value part = sliceAxis(node, node.input(0), *axis, begin, size);
    if (failed(node.setOutput(i, part)))
      return failure();
    begin += size;
  }
  if (begin != extent)
    return node.refuse("sum of the sizes", Twine(begin), Twine(extent));
  return success();
}

VISIR_ONNX_OP(Split, 2, 1, importSplit)
