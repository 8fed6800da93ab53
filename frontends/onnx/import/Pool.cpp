// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Pool.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The padding after one dimension that gives as many windows as ceil_mode
/// asks for: rounded up, but none that starts in the padding after the input.
static int64_t padAfterForCeil(const Window &w, size_t i, int64_t extent) {
  size_t count = w.kernel.size();
  int64_t low = w.pads[i], high = w.pads[count + i], stride = w.strides[i];
  int64_t reach = (w.kernel[i] - 1) * w.dilations[i] + 1;
  int64_t out = llvm::divideCeil(extent + low + high - reach, stride) + 1;
  if ((out - 1) * stride >= extent + low)
    --out;
  return std::max<int64_t>(0, (out - 1) * stride + reach - extent - low);
}

FailureOr<PoolWindow> visir::onnx::poolWindow(Node &node) {
  if (node.rank(0) < 3)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 3");
  ArrayRef<int64_t> spatial = node.shape(0).drop_front(2);
  bool ceil = node.intAttr("ceil_mode", 0);
  FailureOr<Window> w = window(node, spatial);
  if (failed(w))
    return failure();
  PoolWindow pool{*w, w->pads};
  if (ceil)
    for (auto [i, extent] : llvm::enumerate(spatial))
      pool.pads[spatial.size() + i] = padAfterForCeil(*w, i, extent);
  return pool;
}
