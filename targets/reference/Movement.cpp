// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Ops.h"
#include "targets/reference/Walk.h"

using namespace mlir;
using namespace visir;
using namespace visir::reference;

/// result[index] = input[offset + sum of index[d] * strides[d]].
static Evaluated readStrided(Operation *op, const Tensor &input, int64_t offset,
                             const Dims &strides) {
  Tensor result(resultType(op));
  withStorage(result.element(), [&](auto zero) {
    using T = decltype(zero);
    const T *from = input.data<T>();
    T *to = result.data<T>();
    std::array<Dims, 1> walk{strides};
    forEachOffset(result.shape(), walk,
                  [&](int64_t i, auto at) { to[i] = from[offset + at[0]]; });
  });
  return Tensors{result};
}

Evaluated visir::reference::evaluateReshape(ReshapeOp op,
                                            ArrayRef<Tensor> operands) {
  return Tensors{operands[0].withType(resultType(op))};
}

Evaluated visir::reference::evaluateTranspose(TransposeOp op,
                                              ArrayRef<Tensor> operands) {
  Dims own = rowMajorStrides(operands[0].shape()), strides;
  for (int64_t dim : op.getPermutation())
    strides.push_back(own[dim]);
  return readStrided(op, operands[0], 0, strides);
}

Evaluated visir::reference::evaluateSlice(SliceOp op,
                                          ArrayRef<Tensor> operands) {
  Dims strides = rowMajorStrides(operands[0].shape());
  int64_t offset = 0;
  for (size_t d = 0; d < strides.size(); ++d) {
    offset += op.getOffsets()[d] * strides[d];
    strides[d] *= op.getStrides()[d];
  }
  return readStrided(op, operands[0], offset, strides);
}

Evaluated visir::reference::evaluateExpand(ExpandOp op,
                                           ArrayRef<Tensor> operands) {
  return readStrided(
      op, operands[0], 0,
      broadcastStrides(operands[0].shape(), resultType(op).getShape()));
}

/// Where a padded coordinate reads from, or -1 for the fill value.
static int64_t paddedSource(PadMode mode, int64_t at, int64_t extent) {
  if (at >= 0 && at < extent)
    return at;
  switch (mode) {
  case PadMode::Constant:
    return -1;
  case PadMode::Edge:
    return at < 0 ? 0 : extent - 1;
  case PadMode::Wrap:
    return ((at % extent) + extent) % extent;
  case PadMode::Reflect: {
    if (extent == 1)
      return 0;
    int64_t period = 2 * (extent - 1);
    int64_t phase = ((at % period) + period) % period;
    return phase < extent ? phase : period - phase;
  }
  }
  llvm_unreachable("all modes are listed");
}

Evaluated visir::reference::evaluatePad(PadOp op, ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  if (in.size() == 0 && op.getMode() != PadMode::Constant)
    return op.emitOpError("operand has no element, expected some to repeat");
  Tensor result(resultType(op));
  Dims strides = rowMajorStrides(in.shape());
  double fill = op.getValue().convertToDouble();
  withStorage(result.element(), [&](auto zero) {
    using T = decltype(zero);
    forEachIndex(result.shape(), [&](int64_t i, ArrayRef<int64_t> index) {
      int64_t offset = 0;
      for (size_t d = 0; d < index.size() && offset >= 0; ++d) {
        int64_t at = paddedSource(op.getMode(), index[d] - op.getLow()[d],
                                  in.shape()[d]);
        offset = at < 0 ? -1 : offset + at * strides[d];
      }
      result.data<T>()[i] = offset < 0 ? T(fill) : in.data<T>()[offset];
    });
  });
  return Tensors{result};
}

Evaluated visir::reference::evaluateConcat(ConcatOp op,
                                           ArrayRef<Tensor> operands) {
  Tensor result(resultType(op));
  size_t axis = op.getAxis();
  int64_t outer = pointCount(result.shape().take_front(axis));
  int64_t inner = pointCount(result.shape().drop_front(axis + 1));
  int64_t row = result.shape()[axis] * inner;
  withStorage(result.element(), [&](auto zero) {
    using T = decltype(zero);
    T *to = result.data<T>();
    for (const Tensor &operand : operands) {
      int64_t length = operand.shape()[axis] * inner;
      for (int64_t o = 0; o < outer; ++o)
        std::copy_n(operand.data<T>() + o * length, length, to + o * row);
      to += length;
    }
  });
  return Tensors{result};
}

/// The element that `map` gives for an index vector, as an offset.
static int64_t offsetAt(AffineMap map, ArrayRef<int64_t> index,
                        ArrayRef<int64_t> strides) {
  int64_t offset = 0;
  for (auto [coordinate, stride] : llvm::zip_equal(map.compose(index), strides))
    offset += coordinate * stride;
  return offset;
}

/// An affine map over a shape as an offset and a stride for each dimension.
static std::pair<int64_t, Dims> linearise(AffineMap map,
                                          ArrayRef<int64_t> shape) {
  Dims own = rowMajorStrides(shape), strides;
  Dims index(map.getNumDims(), 0);
  int64_t base = offsetAt(map, index, own);
  for (unsigned d = 0; d < map.getNumDims(); ++d) {
    index[d] = 1;
    strides.push_back(offsetAt(map, index, own) - base);
    index[d] = 0;
  }
  return {base, strides};
}

Evaluated visir::reference::evaluateMove(MoveOp op, ArrayRef<Tensor> operands) {
  Tensor result(resultType(op));
  double fill = op.getMap().getFillValue();
  withStorage(result.element(), [&](auto zero) {
    using T = decltype(zero);
    for (BoxAttr box : op.getMap().getBoxes()) {
      bool fills = box.getSource() < 0;
      auto [toBase, toStrides] = linearise(box.getDst(), result.shape());
      T *to = result.data<T>() + toBase;
      if (fills) {
        std::array<Dims, 1> walk{toStrides};
        forEachOffset(box.getSizes(), walk,
                      [&](int64_t, auto at) { to[at[0]] = T(fill); });
        continue;
      }
      const Tensor &source = operands[box.getSource()];
      auto [fromBase, fromStrides] = linearise(box.getSrc(), source.shape());
      const T *from = source.data<T>() + fromBase;
      std::array<Dims, 2> walk{toStrides, fromStrides};
      forEachOffset(box.getSizes(), walk,
                    [&](int64_t, auto at) { to[at[0]] = from[at[1]]; });
    }
  });
  return Tensors{result};
}
