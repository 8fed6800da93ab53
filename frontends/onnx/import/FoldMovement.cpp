// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Movement, indexing and reductions of small constants.
#include "compiler/support/Constants.h"
#include "frontends/onnx/import/Fold.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

namespace {

/// Copies elements of one operand to places of the result.
class Mover {
public:
  Mover(ArrayRef<FoldTensor> operands, RankedTensorType type, FoldOut out)
      : operands_(operands), type_(type), out_(out),
        bytes_(elementBytes(type.getElementType())) {}

  void copy(int64_t from, int64_t to, unsigned operand = 0) {
    memcpy(out_.data() + to * bytes_,
           operands_[operand].bytes.data() + from * bytes_, bytes_);
  }

  /// Element (i) of the result is element `offset + sum i * strides` of the
  /// first operand.
  void strided(int64_t offset, ArrayRef<int64_t> strides) {
    forEachIndex(type_.getShape(), [&](int64_t to, ArrayRef<int64_t> index) {
      int64_t from = offset;
      for (auto [i, stride] : llvm::zip_equal(index, strides))
        from += i * stride;
      copy(from, to);
    });
  }

  bool concat(int64_t axis);
  bool gather(int64_t axis);
  bool gatherND(int64_t batchDims);
  bool gatherElements(int64_t axis);
  bool scatterND();

private:
  ArrayRef<FoldTensor> operands_;
  RankedTensorType type_;
  FoldOut out_;
  unsigned bytes_;
};

} // namespace

static std::optional<int64_t> checkedIndex(const FoldTensor &indices,
                                           int64_t at, int64_t extent) {
  int64_t index = elementAsInt(indices.bytes, indices.element(), at);
  if (index < 0)
    index += extent;
  if (index < 0 || index >= extent)
    return std::nullopt;
  return index;
}

bool Mover::concat(int64_t axis) {
  SmallVector<int64_t> strides = stridesOf(type_.getShape());
  int64_t begin = 0;
  for (auto [operand, tensor] : llvm::enumerate(operands_)) {
    unsigned number = operand;
    forEachIndex(tensor.shape(), [&](int64_t from, ArrayRef<int64_t> index) {
      int64_t to = begin * strides[axis];
      for (auto [i, stride] : llvm::zip_equal(index, strides))
        to += i * stride;
      copy(from, to, number);
    });
    begin += tensor.shape()[axis];
  }
  return true;
}

bool Mover::gather(int64_t axis) {
  ArrayRef<int64_t> in = operands_[0].shape();
  int64_t extent = in[axis];
  int64_t inner = ShapedType::getNumElements(in.drop_front(axis + 1));
  int64_t outer = ShapedType::getNumElements(in.take_front(axis));
  int64_t count = operands_[1].type.getNumElements();
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < count; ++i) {
      auto index = checkedIndex(operands_[1], i, extent);
      if (!index)
        return false;
      for (int64_t k = 0; k < inner; ++k)
        copy((o * extent + *index) * inner + k, (o * count + i) * inner + k);
    }
  return true;
}

bool Mover::gatherElements(int64_t axis) {
  SmallVector<int64_t> strides = stridesOf(operands_[0].shape());
  bool ok = true;
  forEachIndex(type_.getShape(), [&](int64_t to, ArrayRef<int64_t> index) {
    auto chosen = checkedIndex(operands_[1], to, operands_[0].shape()[axis]);
    ok &= chosen.has_value();
    if (!ok)
      return;
    int64_t from = *chosen * strides[axis];
    for (size_t d = 0; d < index.size(); ++d)
      if (int64_t(d) != axis)
        from += index[d] * strides[d];
    copy(from, to);
  });
  return ok;
}

/// The offset of the slice that index vector `row` names, or nothing.
static std::optional<int64_t> sliceOffset(const FoldTensor &indices,
                                          int64_t row,
                                          ArrayRef<int64_t> shape,
                                          ArrayRef<int64_t> strides) {
  int64_t length = indices.shape().back(), offset = 0;
  for (int64_t i = 0; i < length; ++i) {
    auto index = checkedIndex(indices, row * length + i, shape[i]);
    if (!index)
      return std::nullopt;
    offset += *index * strides[i];
  }
  return offset;
}

bool Mover::gatherND(int64_t batchDims) {
  if (batchDims != 0 || operands_[1].shape().back() == 0)
    return false;
  ArrayRef<int64_t> shape = operands_[0].shape();
  SmallVector<int64_t> strides = stridesOf(shape);
  int64_t length = operands_[1].shape().back();
  int64_t rows = operands_[1].type.getNumElements() / length;
  int64_t inner = ShapedType::getNumElements(shape.drop_front(length));
  for (int64_t row = 0; row < rows; ++row) {
    auto offset = sliceOffset(operands_[1], row, shape, strides);
    if (!offset)
      return false;
    for (int64_t k = 0; k < inner; ++k)
      copy(*offset + k, row * inner + k);
  }
  return true;
}

bool Mover::scatterND() {
  for (int64_t i = 0, e = type_.getNumElements(); i < e; ++i)
    copy(i, i);
  int64_t length = operands_[1].shape().back();
  if (length == 0)
    return false;
  ArrayRef<int64_t> shape = operands_[0].shape();
  SmallVector<int64_t> strides = stridesOf(shape);
  int64_t rows = operands_[1].type.getNumElements() / length;
  int64_t inner = ShapedType::getNumElements(shape.drop_front(length));
  for (int64_t row = 0; row < rows; ++row) {
    auto offset = sliceOffset(operands_[1], row, shape, strides);
    if (!offset)
      return false;
    for (int64_t k = 0; k < inner; ++k)
      copy(row * inner + k, *offset + k, 2);
  }
  return true;
}

bool visir::onnx::foldMovement(Operation *op, ArrayRef<FoldTensor> operands,
                               RankedTensorType type, FoldOut out) {
  Mover mover(operands, type, out);
  SmallVector<int64_t> strides = stridesOf(operands[0].shape());
  if (isa<ReshapeOp>(op)) {
    llvm::copy(operands[0].bytes, out.begin());
    return true;
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    SmallVector<int64_t> permuted;
    for (int64_t dim : transpose.getPermutation())
      permuted.push_back(strides[dim]);
    mover.strided(0, permuted);
    return true;
  }
  if (auto slice = dyn_cast<SliceOp>(op)) {
    int64_t offset = 0;
    for (auto [stride, begin, step] : llvm::zip_equal(
             strides, slice.getOffsets(), slice.getStrides())) {
      offset += begin * stride;
      stride *= step;
    }
    mover.strided(offset, strides);
    return true;
  }
  if (isa<ExpandOp>(op)) {
    mover.strided(0, broadcastStrides(operands[0].shape(), type.getRank()));
    return true;
  }
  if (auto concat = dyn_cast<ConcatOp>(op))
    return mover.concat(concat.getAxis());
  if (auto gather = dyn_cast<GatherOp>(op))
    return mover.gather(gather.getAxis());
  if (auto gather = dyn_cast<GatherElementsOp>(op))
    return mover.gatherElements(gather.getAxis());
  if (auto gather = dyn_cast<GatherNDOp>(op))
    return mover.gatherND(gather.getBatchDims());
  if (auto scatter = dyn_cast<ScatterNDOp>(op))
    return scatter.getKind() == ScatterKind::Replace && mover.scatterND();
  return false;
}

/// One step of a reduction of integers.
static bool accumulate(ReduceKind kind, int64_t &sum, int64_t value) {
  switch (kind) {
  case ReduceKind::Sum: sum = uint64_t(sum) + uint64_t(value); return true;
  case ReduceKind::Prod: sum = uint64_t(sum) * uint64_t(value); return true;
  case ReduceKind::Max: sum = std::max(sum, value); return true;
  case ReduceKind::Min: sum = std::min(sum, value); return true;
  default: return false;
  }
}

static bool foldReduce(ReduceOp op, const FoldTensor &in,
                       RankedTensorType type, FoldOut out) {
  if (in.type.getNumElements() == 0)
    return false;
  // Where an element of the input goes: strides of the result, 0 over axes.
  SmallVector<int64_t> kept, to;
  for (auto [i, extent] : llvm::enumerate(in.shape()))
    kept.push_back(llvm::is_contained(op.getAxes(), int64_t(i)) ? 1 : extent);
  to = broadcastStrides(kept, kept.size());
  SmallVector<int64_t> sums(type.getNumElements());
  SmallVector<bool> started(sums.size(), false);
  bool ok = true;
  forEachIndex(in.shape(), [&](int64_t at, ArrayRef<int64_t> index) {
    int64_t target = 0;
    for (auto [i, stride] : llvm::zip_equal(index, to))
      target += i * stride;
    int64_t value = elementAsInt(in.bytes, in.element(), at);
    if (!started[target]) {
      started[target] = true;
      sums[target] = value;
      // An unknown kind fails on its first element too.
      int64_t probe = 0;
      ok &= accumulate(op.getKind(), probe, 0);
      return;
    }
    ok &= accumulate(op.getKind(), sums[target], value);
  });
  for (auto [i, sum] : llvm::enumerate(sums))
    storeInt(out, type.getElementType(), i, sum);
  return ok;
}

static bool foldCumSum(CumSumOp op, const FoldTensor &in, FoldOut out) {
  int64_t axis = op.getAxis(), extent = in.shape()[axis];
  int64_t stride = stridesOf(in.shape())[axis];
  Type element = in.element();
  for (int64_t i = 0, e = in.type.getNumElements(); i < e; ++i) {
    if (i / stride % extent != 0)
      continue;
    uint64_t sum = 0;
    for (int64_t k = 0; k < extent; ++k) {
      int64_t at = i + (op.getReverse() ? extent - 1 - k : k) * stride;
      uint64_t value = elementAsInt(in.bytes, element, at);
      storeInt(out, element, at, op.getExclusive() ? sum : sum + value);
      sum += value;
    }
  }
  return true;
}

bool visir::onnx::foldReduction(Operation *op, ArrayRef<FoldTensor> operands,
                                RankedTensorType type, FoldOut out) {
  // Floats are left to the phase `canonical`: order and width matter there.
  if (!isa<IntegerType>(type.getElementType()) ||
      type.getElementType().isUnsignedInteger(64))
    return false;
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return foldReduce(reduce, operands[0], type, out);
  return foldCumSum(cast<CumSumOp>(op), operands[0], out);
}
