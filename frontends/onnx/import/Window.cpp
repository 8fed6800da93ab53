// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The attributes that convolutions and pools share.
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Sizes beyond this cannot belong to a window over a real tensor, and keep
/// the arithmetic below far from overflow.
static constexpr int64_t kMaxSize = int64_t(1) << 31;

static LogicalResult checkSizes(Node &node, StringRef what,
                                ArrayRef<int64_t> values, size_t count,
                                int64_t least) {
  if (values.size() != count)
    return node.refuse("number of " + what, Twine(values.size()),
                       Twine(count));
  for (int64_t value : values)
    if (value < least || value > kMaxSize)
      return node.refuse("one of the " + what, Twine(value),
                         Twine(least) + " .. 2^31");
  return success();
}

/// Paddings that make out = ceil(in / stride); an odd one goes after
/// (SAME_UPPER) or before.
static Shape samePads(ArrayRef<int64_t> spatial, const Window &window,
                      bool upper) {
  size_t rank = spatial.size();
  Shape pads(2 * rank, 0);
  for (size_t i = 0; i < rank; ++i) {
    int64_t stride = window.strides[i];
    int64_t reach = window.dilations[i] * (window.kernel[i] - 1) + 1;
    int64_t out = (spatial[i] + stride - 1) / stride;
    int64_t total = std::max<int64_t>((out - 1) * stride + reach - spatial[i],
                                      0);
    pads[i] = upper ? total / 2 : total - total / 2;
    pads[rank + i] = total - pads[i];
  }
  return pads;
}

FailureOr<Window> visir::onnx::window(Node &node, ArrayRef<int64_t> spatial,
                                      ArrayRef<int64_t> kernel) {
  size_t rank = spatial.size();
  Shape ones(rank, 1), zeros(2 * rank, 0);
  Window out;
  out.kernel = node.intsAttr("kernel_shape", kernel);
  out.strides = node.intsAttr("strides", ones);
  out.dilations = node.intsAttr("dilations", ones);
  out.pads = node.intsAttr("pads", zeros);
  std::string mode = node.stringAttr("auto_pad", "NOTSET");
  if (failed(checkSizes(node, "kernel sizes", out.kernel, rank, 1)) ||
      failed(checkSizes(node, "strides", out.strides, rank, 1)) ||
      failed(checkSizes(node, "dilations", out.dilations, rank, 1)) ||
      failed(checkSizes(node, "paddings", out.pads, 2 * rank, 0)))
    return failure();
  if (!kernel.empty() && ArrayRef<int64_t>(out.kernel) != kernel)
    return node.refuse("kernel_shape", shapeName(out.kernel),
                       shapeName(kernel));
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER")
    out.pads = samePads(spatial, out, mode == "SAME_UPPER");
  else if (mode == "VALID")
    out.pads = zeros;
  else if (mode != "NOTSET")
    return node.refuse("auto_pad", "'" + Twine(mode) + "'",
                       "NOTSET, SAME_UPPER, SAME_LOWER or VALID");
  for (size_t i = 0; i < rank; ++i) {
    // dilation * kernel may exceed 64 bits only beyond the limits above.
    int64_t reach = out.dilations[i] * (out.kernel[i] - 1) + 1;
    int64_t padded = spatial[i] + out.pads[i] + out.pads[rank + i];
    if (reach > padded)
      return node.refuse("reach of the kernel in dimension " + Twine(i),
                         Twine(reach), "at most " + Twine(padded));
  }
  return out;
}
