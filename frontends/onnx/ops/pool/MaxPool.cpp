// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Pool.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {
/// All taps of all windows of the padded input, one after the other on a new
/// last axis, in row-major order of the kernel.
struct Taps {
  Value values;
  /// Offset of each tap in the input, seen as one vector.
  SmallVector<int64_t> offsets;
};
} // namespace

static double lowest(Type element) {
  if (auto type = dyn_cast<IntegerType>(element))
    return type.isUnsigned() ? 0.0 : -std::ldexp(1.0, type.getWidth() - 1);
  return -std::numeric_limits<double>::infinity();
}

/// Strides in elements of a row-major tensor, or of one whose spatial
/// dimensions lie in column-major order (storage_order 1).
static Shape elementStrides(ArrayRef<int64_t> shape, bool columnMajor) {
  Shape strides(shape.size(), 1);
  if (!columnMajor) {
    for (int64_t i = int64_t(shape.size()) - 2; i >= 0; --i)
      strides[i] = strides[i + 1] * shape[i + 1];
    return strides;
  }
  int64_t stride = 1;
  for (size_t i = 2; i < shape.size(); ++i) {
    strides[i] = stride;
    stride *= shape[i];
  }
  strides[1] = stride;
  strides[0] = stride * shape[1];
  return strides;
}

static Taps collectTaps(Node &node, const PoolWindow &w,
                        ArrayRef<int64_t> outShape,
                        ArrayRef<int64_t> strides) {
  size_t count = w.kernel.size();
  Shape low(2, 0), high(2, 0), unit(outShape), step(2, 1);
  unit.push_back(1);
  step.append(w.strides);
  for (size_t i = 0; i < count; ++i) {
    low.push_back(w.pads[i]);
    high.push_back(w.pads[count + i]);
  }
  Value padded = pad(node, node.input(0), low, high, PadMode::Constant,
                     lowest(node.elementType(0)));
  Taps taps;
  SmallVector<Value> parts;
  Shape tap(count, 0);
  for (int64_t i = 0, e = ShapedType::getNumElements(w.kernel); i < e; ++i) {
    Shape offsets(2, 0);
    int64_t offset = 0, rest = i;
    for (int64_t d = int64_t(count) - 1; d >= 0; --d) {
      tap[d] = rest % w.kernel[d] * w.dilations[d];
      rest /= w.kernel[d];
      offset += (tap[d] - w.pads[d]) * strides[d + 2];
    }
    offsets.append(tap);
    taps.offsets.push_back(offset);
    Value part = slice(node, padded, offsets, outShape, step);
    parts.push_back(reshape(node, part, unit));
  }
  taps.values = concat(node, parts, outShape.size());
  return taps;
}

/// The position in the input of the first tap of each window, as if there
/// were no padding.
static Value windowBases(Node &node, const PoolWindow &w,
                         ArrayRef<int64_t> outShape,
                         ArrayRef<int64_t> strides) {
  int64_t total = ShapedType::getNumElements(outShape);
  if (failed(checkConstantSize(node, total)))
    return {};
  SmallVector<int64_t> bases(total);
  for (int64_t i = 0; i < total; ++i) {
    int64_t rest = i;
    for (int64_t d = int64_t(outShape.size()) - 1; d >= 0; --d) {
      int64_t step = d < 2 ? 1 : w.strides[d - 2];
      bases[i] += rest % outShape[d] * step * strides[d];
      rest /= outShape[d];
    }
  }
  return reshape(node, intsConstant(node, bases), outShape);
}

/// The position of each window's largest element in the whole input.
static Value maxIndices(Node &node, const PoolWindow &w,
                        ArrayRef<int64_t> outShape) {
  constexpr int64_t kMostTaps = 1024;
  int64_t size = ShapedType::getNumElements(w.kernel);
  if (size > kMostTaps) {
    (void)node.refuse("window of a pool with the output Indices",
                      Twine(size) + " elements",
                      "at most " + Twine(kMostTaps));
    return {};
  }
  Shape strides =
      elementStrides(node.shape(0), node.intAttr("storage_order", 0));
  Taps taps = collectTaps(node, w, outShape, strides);
  Value tap = node.create<ArgReduceOp>(ReduceKind::Max, taps.values,
                                       int64_t(outShape.size()), false, false);
  Value offset =
      node.create<GatherOp>(intsConstant(node, taps.offsets), tap, int64_t(0));
  return binary(node, BinaryKind::Add, offset,
                windowBases(node, w, outShape, strides));
}

static LogicalResult importMaxPool(Node &node) {
  node.ignoreAttr("storage_order");
  FailureOr<PoolWindow> w = poolWindow(node);
  if (failed(w))
    return failure();
  Value result = node.create<MaxPoolOp>(node.input(0), w->kernel, w->strides,
                                        w->pads, w->dilations);
  if (failed(node.setOutput(0, result)))
    return failure();
  if (!node.hasOutput(1))
    return success();
  Shape outShape(shapeOf(result));
  return node.setOutput(1, maxIndices(node, *w, outShape));
}

VISIR_ONNX_OP(MaxPool, 1, 1, importMaxPool)
