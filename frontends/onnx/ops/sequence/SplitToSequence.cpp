// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Sequence.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// More parts than this are no list of parts but a loop.
static constexpr int64_t kMaxParts = 1024;

/// The sizes of the parts; `split` is one size, a list of them, or absent for
/// parts of one element.
static FailureOr<Shape> partSizes(Node &node, int64_t extent) {
  FailureOr<Shape> split = Shape{1};
  bool isList = node.hasInput(1) && node.rank(1) == 1;
  if (node.hasInput(1))
    split = node.requireInts(1, "split");
  if (failed(split) || isList)
    return split;
  int64_t size = split->front();
  if (size < 1 || (extent + size - 1) / size > kMaxParts)
    return node.refuse("size of a part", Twine(size),
                       "one that gives at most " + Twine(kMaxParts) +
                           " parts");
  Shape sizes;
  for (int64_t begin = 0; begin < extent; begin += size)
    sizes.push_back(std::min(size, extent - begin));
  return sizes;
}

static LogicalResult importSplitToSequence(Node &node) {
  bool keepdims = node.intAttr("keepdims", 1) != 0 || node.hasInput(1);
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", 0), node.rank(0));
  if (failed(axis))
    return failure();
  int64_t extent = node.shape(0)[*axis], begin = 0;
  FailureOr<Shape> sizes = partSizes(node, extent);
  if (failed(sizes))
    return failure();
  SmallVector<Value> parts;
  for (int64_t size : *sizes) {
    if (size < 0 || size > extent - begin)
      return node.refuse("size of a part", Twine(size),
                         "0 .. " + Twine(extent - begin));
    Value part = sliceAxis(node, node.input(0), *axis, begin, size);
    if (!keepdims && part) {
      Shape shape(shapeOf(part));
      shape.erase(shape.begin() + *axis);
      part = reshape(node, part, shape);
    }
    parts.push_back(part);
    begin += size;
  }
  if (begin != extent)
    return node.refuse("sum of the sizes", Twine(begin), Twine(extent));
  return node.setOutput(0, makeSequence(node, parts));
}

VISIR_ONNX_OP(SplitToSequence, 11, 1, importSplitToSequence)
