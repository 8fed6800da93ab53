// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/SymbolicShapes.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {

/// One axis: elements begin, begin + stride, ... (size of them).
struct Extent {
  int64_t begin, size, stride;
};

} // namespace

/// ONNX's clamping of a start and an end into an axis of `extent` elements.
static Extent clamp(int64_t start, int64_t end, int64_t step, int64_t extent) {
  auto fromEnd = [&](int64_t i) { return i < 0 ? i + extent : i; };
  start = fromEnd(start);
  end = fromEnd(end);
  // A step beyond the axis reads one element, as does one of its length.
  int64_t limit = std::max<int64_t>(extent, 1);
  step = std::clamp(step, -limit, limit);
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, extent);
    end = std::clamp<int64_t>(end, 0, extent);
    int64_t size = std::max<int64_t>((end - start + step - 1) / step, 0);
    return {size ? start : 0, size, step};
  }
  start = std::clamp<int64_t>(start, -1, extent - 1);
  end = std::clamp<int64_t>(end, -1, extent - 1);
  int64_t size = std::max<int64_t>((start - end - step - 1) / -step, 0);
  return {size ? start : 0, size, size ? step : 1};
}

static LogicalResult buildSlice(Node &node, ArrayRef<int64_t> starts,
                                ArrayRef<int64_t> ends, Shape axes,
                                Shape steps) {
  int64_t rank = node.rank(0);
  if (axes.empty())
    axes = llvm::to_vector(llvm::seq<int64_t>(0, starts.size()));
  if (steps.empty())
    steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size())
    return node.refuse("starts, ends, axes and steps differ in length");
  Shape sizes(node.shape(0)), offsets(rank, 0), strides(rank, 1);
  llvm::SmallDenseSet<int64_t> seen;
  for (size_t i = 0; i < starts.size(); ++i) {
    FailureOr<int64_t> axis = normaliseAxis(node, axes[i], rank);
    if (failed(axis))
      return failure();
    if (!seen.insert(*axis).second)
      return node.refuse("axis " + Twine(*axis) + " stands twice in the axes");
    if (steps[i] == 0)
      return node.refuse("step", "0", "another number");
    Extent extent = clamp(starts[i], ends[i], steps[i], sizes[*axis]);
    offsets[*axis] = extent.begin;
    sizes[*axis] = extent.size;
    strides[*axis] = extent.stride;
  }
  return node.setOutput(
      0, slice(node, node.input(0), offsets, sizes, strides));
}

/// Bounds were attributes before opset 10.
static LogicalResult importSlice(Node &node) {
  if (node.opset() < 10)
    return buildSlice(node, node.intsAttr("starts"), node.intsAttr("ends"),
                      node.intsAttr("axes"), {});
  if (isBoundedNode(node, {1, 2}))
    return boundedSlice(node);
  FailureOr<Shape> starts = node.requireInts(1, "starts");
  FailureOr<Shape> ends = node.requireInts(2, "ends");
  FailureOr<Shape> axes = Shape(), steps = Shape();
  if (node.hasInput(3))
    axes = node.requireInts(3, "axes");
  if (node.hasInput(4))
    steps = node.requireInts(4, "steps");
  if (failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  return buildSlice(node, *starts, *ends, *axes, *steps);
}

VISIR_ONNX_OP(Slice, 1, 1, importSlice)
