// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {
/// What goes before and after each dimension; negative takes away.
struct Padding {
  Shape low, high;
};
} // namespace

/// The amounts by dimension, from the input or the attribute `pads`.
static FailureOr<Padding> padding(Node &node) {
  int64_t rank = node.rank(0);
  Shape amounts, axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (node.opset() < 11) {
    amounts = node.intsAttr("pads");
  } else {
    FailureOr<SmallVector<int64_t>> given = node.requireInts(1, "pads");
    if (failed(given))
      return failure();
    amounts = *given;
  }
  if (node.hasInput(3)) {
    FailureOr<SmallVector<int64_t>> given = node.requireInts(3, "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  if (amounts.size() != 2 * axes.size())
    return node.refuse("number of pads", Twine(amounts.size()),
                       Twine(2 * axes.size()));
  Padding result{Shape(rank, 0), Shape(rank, 0)};
  for (auto [i, axis] : llvm::enumerate(axes)) {
    FailureOr<int64_t> at = normaliseAxis(node, axis, rank);
    if (failed(at))
      return failure();
    result.low[*at] = amounts[i];
    result.high[*at] = amounts[axes.size() + i];
  }
  return result;
}

/// Takes away what is padded negatively; those amounts become 0.
static Value crop(Node &node, Value x, Padding &padding) {
  Shape offsets, sizes, steps;
  for (auto [extent, low, high] :
       llvm::zip_equal(node.shape(0), padding.low, padding.high)) {
    int64_t first = std::max<int64_t>(0, -low);
    int64_t size = extent - first - std::max<int64_t>(0, -high);
    if (size < 0) {
      (void)node.refuse("a padded extent", Twine(size), "at least 0");
      return {};
    }
    offsets.push_back(first);
    sizes.push_back(size);
    steps.push_back(1);
    low = std::max<int64_t>(0, low);
    high = std::max<int64_t>(0, high);
  }
  return slice(node, x, offsets, sizes, steps);
}

/// The position in an axis of `extent` elements that position `i` shows.
static int64_t mirrored(int64_t i, int64_t extent, PadMode mode) {
  if (mode == PadMode::Edge)
    return std::clamp<int64_t>(i, 0, extent - 1);
  int64_t period = mode == PadMode::Wrap ? extent
                                         : std::max<int64_t>(1, 2 * extent - 2);
  int64_t at = ((i % period) + period) % period;
  return at < extent ? at : period - at;
}

/// Pads by gathering, for paddings larger than what they repeat.
static Value padByGather(Node &node, Value x, const Padding &padding,
                         PadMode mode) {
  if (!x)
    return x;
  Shape shape(shapeOf(x));
  for (auto [axis, extent] : llvm::enumerate(shape)) {
    int64_t low = padding.low[axis], high = padding.high[axis];
    if (low == 0 && high == 0)
      continue;
    if (extent == 0) {
      (void)node.refuse("extent of a padded axis", "0", "at least 1");
      return {};
    }
    if (failed(checkConstantSize(node, low + extent + high)))
      return {};
    SmallVector<int64_t> sources;
    for (int64_t i = -low; i < extent + high; ++i)
      sources.push_back(mirrored(i, extent, mode));
    x = node.create<GatherOp>(x, intsConstant(node, sources), int64_t(axis));
  }
  return x;
}

/// Pads with a value that is known at run time only.
static Value padWithValue(Node &node, Value x, const Padding &padding,
                          Value value) {
  if (!x)
    return x;
  Value inside = filled(node, shapeOf(x), IntegerType::get(node.context(), 1),
                        1);
  inside = pad(node, inside, padding.low, padding.high);
  x = pad(node, x, padding.low, padding.high);
  return select(node, inside, x, reshape(node, value, {}));
}

static LogicalResult importPad(Node &node) {
  std::string name = node.stringAttr("mode", "constant");
  double fill = node.opset() < 11 ? node.floatAttr("value", 0) : 0;
  std::optional<PadMode> mode = symbolizePadMode(name);
  if (!mode)
    return node.refuse("mode", name, "constant, reflect, edge or wrap");
  if (*mode != PadMode::Constant || node.rank(0) == 0)
    node.ignoreInput(2);
  FailureOr<Padding> amounts = padding(node);
  if (failed(amounts) || node.rank(0) == 0)
    return failed(amounts) ? failure() : node.setOutput(0, node.input(0));
  Value x = crop(node, node.input(0), *amounts);
  if (!x)
    return failure();
  if (*mode == PadMode::Constant) {
    if (node.hasInput(2) && node.type(2).getNumElements() == 1) {
      std::optional<SmallVector<double>> value = node.constantDoubles(2);
      if (!value)
        return node.setOutput(0,
                              padWithValue(node, x, *amounts, node.input(2)));
      fill = value->front();
    }
    return node.setOutput(
        0, pad(node, x, amounts->low, amounts->high, *mode, fill));
  }
  bool isLarge = false;
  for (auto [extent, low, high] :
       llvm::zip_equal(shapeOf(x), amounts->low, amounts->high))
    isLarge |= std::max(low, high) > extent - (*mode == PadMode::Reflect) ||
               (extent == 0 && low + high > 0);
  return node.setOutput(
      0, isLarge ? padByGather(node, x, *amounts, *mode)
                 : pad(node, x, amounts->low, amounts->high, *mode));
}

VISIR_ONNX_OP(Pad, 2, 1, importPad)
