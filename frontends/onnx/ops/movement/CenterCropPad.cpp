// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Crops or pads each axis around its centre; where the difference is odd,
/// the side after has the larger part.
static LogicalResult importCenterCropPad(Node &node) {
  FailureOr<SmallVector<int64_t>> wanted = node.requireInts(1, "shape");
  Shape axes = node.intsAttr("axes");
  if (failed(wanted))
    return failure();
  if (axes.empty())
    axes = llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0)));
  if (axes.size() != wanted->size())
    return node.refuse("number of axes", Twine(axes.size()),
                       Twine(wanted->size()));
  Shape low(node.rank(0), 0), high(low), offsets(low), sizes(node.shape(0));
  for (auto [axis, want] : llvm::zip_equal(axes, *wanted)) {
    FailureOr<int64_t> at = normaliseAxis(node, axis, node.rank(0));
    if (failed(at))
      return failure();
    if (want < 0)
      return node.refuse("an extent of shape", Twine(want), "at least 0");
    int64_t &size = sizes[*at];
    if (want <= size) {
      offsets[*at] = (size - want) / 2;
      size = want;
    } else {
      low[*at] = (want - size) / 2;
      high[*at] = want - size - low[*at];
    }
  }
  Shape steps(node.rank(0), 1);
  Value cropped = slice(node, node.input(0), offsets, sizes, steps);
  return node.setOutput(0, pad(node, cropped, low, high));
}

VISIR_ONNX_OP(CenterCropPad, 18, 2, importCenterCropPad)
