// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {
/// The attributes of a transposed convolution, one entry per dimension.
struct Transposed {
  Shape strides, dilations, pads, outputPadding;
};
} // namespace

/// An attribute with one entry per dimension; all `fallback` when absent.
static FailureOr<Shape> perDimension(Node &node, StringRef name, size_t count,
                                     int64_t fallback, int64_t least) {
  Shape values = node.intsAttr(name);
  if (values.empty())
    values.assign(count, fallback);
  if (values.size() != count)
    return node.refuse("number of " + name, Twine(values.size()),
                       Twine(count));
  for (int64_t value : values)
    if (value < least)
      return node.refuse(name, Twine(value), "at least " + Twine(least));
  return values;
}

/// Sets the paddings of one dimension so that it has `extent` elements, where
/// it would have `unpadded`.
static LogicalResult padTo(Node &node, Transposed &t, size_t i, bool upper,
                           int64_t unpadded, int64_t extent) {
  size_t count = t.strides.size();
  int64_t total = unpadded - extent;
  if (extent < 1)
    return node.refuse("output extent", Twine(extent), "at least 1");
  // More elements than the input reaches: those at the end are zero.
  if (total < 0) {
    t.outputPadding[i] -= total;
    total = 0;
  }
  t.pads[i] = upper ? total / 2 : total - total / 2;
  t.pads[count + i] = total - t.pads[i];
  return success();
}

static LogicalResult resolvePads(Node &node, Transposed &t,
                                 ArrayRef<int64_t> in,
                                 ArrayRef<int64_t> kernel) {
  size_t count = in.size();
  std::string autoPad = node.stringAttr("auto_pad", "NOTSET");
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  if (!same && autoPad != "NOTSET" && autoPad != "VALID")
    return node.refuse("auto_pad", autoPad,
                       "NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  Shape wanted = node.intsAttr("output_shape");
  Shape given = node.intsAttr("pads");
  // Some writers give output_shape with the batch and the channels.
  if (wanted.size() == count + 2)
    wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (!wanted.empty() && wanted.size() != count)
    return node.refuse("number of output_shape", Twine(wanted.size()),
                       Twine(count));
  t.pads.assign(2 * count, 0);
  if (wanted.empty() && !same) {
    if (!given.empty() && given.size() != 2 * count)
      return node.refuse("number of pads", Twine(given.size()),
                         Twine(2 * count));
    if (!given.empty() && autoPad == "NOTSET")
      t.pads = given;
    return success();
  }
  for (size_t i = 0; i < count; ++i) {
    int64_t unpadded = (in[i] - 1) * t.strides[i] + t.outputPadding[i] +
                       (kernel[i] - 1) * t.dilations[i] + 1;
    int64_t extent = wanted.empty() ? in[i] * t.strides[i] : wanted[i];
    if (failed(padTo(node, t, i, autoPad == "SAME_UPPER", unpadded, extent)))
      return failure();
  }
  return success();
}

static LogicalResult importConvTranspose(Node &node) {
  ArrayRef<int64_t> in = node.shape(0), weight = node.shape(1);
  if (in.size() < 3 || weight.size() != in.size())
    return node.refuse("shapes of input and weight",
                       shapeName(in) + " and " + shapeName(weight),
                       "equal ranks of at least 3");
  in = in.drop_front(2);
  ArrayRef<int64_t> kernel = weight.drop_front(2);
  Shape given = node.intsAttr("kernel_shape");
  if (!given.empty() && ArrayRef<int64_t>(given) != kernel)
    return node.refuse("kernel_shape", shapeName(given), shapeName(kernel));
  FailureOr<Shape> strides = perDimension(node, "strides", in.size(), 1, 1);
  FailureOr<Shape> dilations = perDimension(node, "dilations", in.size(), 1, 1);
  FailureOr<Shape> padding =
      perDimension(node, "output_padding", in.size(), 0, 0);
  int64_t groups = node.intAttr("group", 1);
  if (failed(strides) || failed(dilations) || failed(padding))
    return failure();
  Transposed t{*strides, *dilations, {}, *padding};
  if (failed(resolvePads(node, t, in, kernel)))
    return failure();
  return node.setOutput(0, node.create<ConvTransposeOp>(
                               node.input(0), node.input(1), node.input(2),
                               t.strides, t.pads, t.dilations, groups,
                               t.outputPadding));
}

VISIR_ONNX_OP(ConvTranspose, 1, 2, importConvTranspose)
