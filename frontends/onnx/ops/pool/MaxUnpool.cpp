// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The output extents that the window attributes give.
static FailureOr<Shape> unpooledShape(Node &node) {
  ArrayRef<int64_t> in = node.shape(0);
  size_t count = in.size() - 2;
  Shape kernel = node.intsAttr("kernel_shape");
  Shape strides = node.intsAttr("strides"), pads = node.intsAttr("pads");
  if (strides.empty())
    strides.assign(count, 1);
  if (pads.empty())
    pads.assign(2 * count, 0);
  if (kernel.size() != count || strides.size() != count ||
      pads.size() != 2 * count)
    return node.refuse("kernel_shape, strides or pads do not have one entry "
                       "per spatial dimension and side");
  Shape out(in.take_front(2));
  for (size_t i = 0; i < count; ++i) {
    out.push_back((in[i + 2] - 1) * strides[i] + kernel[i] - pads[i] -
                  pads[count + i]);
    if (out.back() < 1)
      return node.refuse("output extent", Twine(out.back()), "at least 1");
  }
  return out;
}

/// Scatters the values into zeros at positions that count over the whole
/// tensor of the inferred shape; a larger output_shape adds zeros after it.
static LogicalResult importMaxUnpool(Node &node) {
  if (node.rank(0) < 3)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 3");
  FailureOr<Shape> inferred = unpooledShape(node);
  if (failed(inferred) || failed(checkElements(node, *inferred)))
    return failure();
  int64_t values = node.type(0).getNumElements();
  int64_t total = ShapedType::getNumElements(*inferred);
  Value zeros = filled(node, {total}, node.elementType(0), 0);
  Value flat = node.create<ScatterElementsOp>(
      zeros, reshape(node, node.input(1), {values}),
      reshape(node, node.input(0), {values}), int64_t(0),
      ScatterKind::Replace);
  Value result = reshape(node, flat, *inferred);
  if (!node.hasInput(2))
    return node.setOutput(0, result);
  FailureOr<SmallVector<int64_t>> wanted =
      node.requireInts(2, "output_shape");
  if (failed(wanted))
    return failure();
  Shape high;
  if (wanted->size() != inferred->size())
    return node.refuse("number of output_shape", Twine(wanted->size()),
                       Twine(inferred->size()));
  for (auto [have, want] : llvm::zip_equal(*inferred, *wanted)) {
    if (want < have)
      return node.refuse("output_shape", shapeName(*wanted),
                         "at least " + shapeName(*inferred));
    high.push_back(want - have);
  }
  Shape low(high.size(), 0);
  return node.setOutput(0, pad(node, result, low, high));
}

VISIR_ONNX_OP(MaxUnpool, 9, 2, importMaxUnpool)
