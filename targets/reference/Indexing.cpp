// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Ops.h"
#include "targets/reference/Walk.h"

using namespace mlir;
using namespace visir;
using namespace visir::reference;

/// An index of an axis, counted from the end when negative; reports one that
/// is out of range at `op`.
static FailureOr<int64_t> resolve(Operation *op, int64_t index,
                                  int64_t extent) {
  if (index < -extent || index >= extent)
    return op->emitOpError("index is ")
           << index << ", expected " << -extent << " .. " << extent - 1;
  return index < 0 ? index + extent : index;
}

/// The offset of the slice that an index vector of `depth` entries names.
static FailureOr<int64_t> resolveVector(Operation *op, const int64_t *vector,
                                        ArrayRef<int64_t> extents,
                                        ArrayRef<int64_t> strides) {
  int64_t offset = 0;
  for (size_t d = 0; d < extents.size(); ++d) {
    FailureOr<int64_t> index = resolve(op, vector[d], extents[d]);
    if (failed(index))
      return failure();
    offset += *index * strides[d];
  }
  return offset;
}

Evaluated visir::reference::evaluateGather(GatherOp op,
                                           ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0], &indices = operands[1];
  Tensor result(resultType(op));
  int64_t axis = op.getAxis(), extent = in.shape()[axis];
  int64_t outer = pointCount(in.shape().take_front(axis));
  int64_t inner = pointCount(in.shape().drop_front(axis + 1));
  int64_t count = indices.size();
  for (int64_t i = 0; i < count; ++i) {
    FailureOr<int64_t> index = resolve(op, indices.data<int64_t>()[i], extent);
    if (failed(index))
      return failure();
    withStorage(in.element(), [&](auto zero) {
      using T = decltype(zero);
      for (int64_t o = 0; o < outer; ++o)
        std::copy_n(in.data<T>() + (o * extent + *index) * inner, inner,
                    result.data<T>() + (o * count + i) * inner);
    });
  }
  return Tensors{result};
}

/// For each element of `indices` the offset in a tensor of shape `shape` at
/// the same place but for the axis.
static FailureOr<SmallVector<int64_t>> elementOffsets(Operation *op,
                                                      const Tensor &indices,
                                                      ArrayRef<int64_t> shape,
                                                      int64_t axis) {
  Dims strides = rowMajorStrides(shape);
  SmallVector<int64_t> offsets(indices.size());
  bool ok = true;
  forEachIndex(indices.shape(), [&](int64_t i, ArrayRef<int64_t> index) {
    if (!ok)
      return;
    FailureOr<int64_t> along =
        resolve(op, indices.data<int64_t>()[i], shape[axis]);
    ok = succeeded(along);
    for (size_t d = 0; ok && d < index.size(); ++d)
      offsets[i] += (int64_t(d) == axis ? *along : index[d]) * strides[d];
  });
  if (!ok)
    return failure();
  return offsets;
}

Evaluated visir::reference::evaluateGatherElements(GatherElementsOp op,
                                                   ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor result(resultType(op));
  auto offsets = elementOffsets(op, operands[1], in.shape(), op.getAxis());
  if (failed(offsets))
    return failure();
  withStorage(in.element(), [&](auto zero) {
    using T = decltype(zero);
    for (auto [i, offset] : llvm::enumerate(*offsets))
      result.data<T>()[i] = in.data<T>()[offset];
  });
  return Tensors{result};
}

Evaluated visir::reference::evaluateGatherND(GatherNDOp op,
                                             ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0], &indices = operands[1];
  Tensor result(resultType(op));
  int64_t batchDims = op.getBatchDims(), depth = indices.shape().back();
  Dims strides = rowMajorStrides(in.shape());
  ArrayRef<int64_t> extents = in.shape().slice(batchDims, depth);
  ArrayRef<int64_t> along = ArrayRef<int64_t>(strides).slice(batchDims, depth);
  int64_t inner = pointCount(in.shape().drop_front(batchDims + depth));
  int64_t batchSize = pointCount(in.shape().drop_front(batchDims));
  int64_t vectors = pointCount(indices.shape().drop_back());
  int64_t perBatch = std::max<int64_t>(
      pointCount(indices.shape().drop_back().drop_front(batchDims)), 1);
  for (int64_t v = 0; v < vectors; ++v) {
    FailureOr<int64_t> offset =
        resolveVector(op, indices.data<int64_t>() + v * depth, extents, along);
    if (failed(offset))
      return failure();
    withStorage(in.element(), [&](auto zero) {
      using T = decltype(zero);
      std::copy_n(in.data<T>() + v / perBatch * batchSize + *offset, inner,
                  result.data<T>() + v * inner);
    });
  }
  return Tensors{result};
}

/// What an element becomes when `update` is scattered to it.
template <class T>
static T combineUpdate(ScatterKind kind, T old, T update, bool isUnsigned) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
  bool less = isUnsigned ? Sum(old) < Sum(update) : old < update;
  switch (kind) {
  case ScatterKind::Replace:
    return update;
  case ScatterKind::Add:
    return T(Sum(old) + Sum(update));
  case ScatterKind::Mul:
    return T(Sum(old) * Sum(update));
  case ScatterKind::Max:
    return less ? update : old;
  case ScatterKind::Min:
    return less ? old : update;
  }
  llvm_unreachable("all kinds are listed");
}

/// Scatters `inner` elements of the updates to each offset in turn.
static Tensor scatter(const Tensor &in, const Tensor &updates,
                      ArrayRef<int64_t> offsets, int64_t inner,
                      ScatterKind kind) {
  Tensor result = in.clone();
  withStorage(in.element(), [&](auto zero) {
    using T = decltype(zero);
    const T *from = updates.data<T>();
    for (int64_t offset : offsets)
      for (int64_t i = 0; i < inner; ++i, ++from) {
        T &element = result.data<T>()[offset + i];
        element = combineUpdate(kind, element, *from, in.isUnsigned64());
      }
  });
  return result;
}

Evaluated visir::reference::evaluateScatterElements(ScatterElementsOp op,
                                                    ArrayRef<Tensor> operands) {
  auto offsets =
      elementOffsets(op, operands[1], operands[0].shape(), op.getAxis());
  if (failed(offsets))
    return failure();
  return Tensors{scatter(operands[0], operands[2], *offsets, 1, op.getKind())};
}

Evaluated visir::reference::evaluateScatterND(ScatterNDOp op,
                                              ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0], &indices = operands[1];
  int64_t depth = indices.shape().back();
  Dims strides = rowMajorStrides(in.shape());
  SmallVector<int64_t> offsets;
  int64_t vectors = pointCount(indices.shape().drop_back());
  for (int64_t v = 0; v < vectors; ++v) {
    FailureOr<int64_t> offset = resolveVector(
        op, indices.data<int64_t>() + v * depth, in.shape().take_front(depth),
        ArrayRef<int64_t>(strides).take_front(depth));
    if (failed(offset))
      return failure();
    offsets.push_back(*offset);
  }
  int64_t inner = pointCount(in.shape().drop_front(depth));
  return Tensors{scatter(in, operands[2], offsets, inner, op.getKind())};
}
