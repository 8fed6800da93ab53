// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Ops.h"
#include "targets/reference/Walk.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

namespace {
/// The windows of a pooling op, walked one plane (n, c) at a time.
struct Windows {
  ArrayRef<int64_t> in, out, kernel, strides, pads, dilations;

  /// Calls `fn(coordinates)` for each tap of the window at `point`; they may
  /// lie outside of the input.
  template <class Fn> void forEachTap(ArrayRef<int64_t> point, Fn fn) const {
    Dims at(kernel.size());
    forEachIndex(kernel, [&](int64_t, ArrayRef<int64_t> tap) {
      for (size_t d = 0; d < kernel.size(); ++d)
        at[d] = point[d] * strides[d] - pads[d] + tap[d] * dilations[d];
      fn(ArrayRef<int64_t>(at));
    });
  }

  /// Offset in a plane, or -1 outside of the input.
  int64_t offset(ArrayRef<int64_t> at) const {
    int64_t offset = 0;
    for (size_t d = 0; d < at.size(); ++d) {
      if (at[d] < 0 || at[d] >= in[d])
        return -1;
      offset = offset * in[d] + at[d];
    }
    return offset;
  }
};
} // namespace

template <class Op>
static Windows windowsOf(Op op, const Tensor &in, const Tensor &result) {
  return {in.shape().drop_front(2),
          result.shape().drop_front(2),
          op.getKernel(),
          op.getStrides(),
          op.getPads(),
          op.getDilations()};
}

Evaluated visir::reference::evaluateMaxPool(MaxPoolOp op,
                                            ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor result(resultType(op));
  Windows windows = windowsOf(op, in, result);
  int64_t planeIn = pointCount(windows.in), planeOut = pointCount(windows.out);
  int64_t planes = in.shape()[0] * in.shape()[1];
  withStorage(in.element(), [&](auto zero) {
    using T = decltype(zero);
    // A window of nothing but padding gives the smallest value.
    T smallest = T();
    if constexpr (std::is_floating_point_v<T>)
      smallest = -HUGE_VAL;
    else if (!in.element().isUnsignedInteger())
      smallest = INT64_MIN >> (64 - in.element().getIntOrFloatBitWidth());
    parallelFor(planes, 1, [&](int64_t begin, int64_t end) {
      for (int64_t plane = begin; plane < end; ++plane) {
        const T *from = in.data<T>() + plane * planeIn;
        T *to = result.data<T>() + plane * planeOut;
        forEachIndex(windows.out, [&](int64_t i, ArrayRef<int64_t> point) {
          T best = smallest;
          windows.forEachTap(point, [&](ArrayRef<int64_t> at) {
            int64_t offset = windows.offset(at);
            // Written so that a NaN stays.
            if (offset >= 0 && !(from[offset] <= best) && best == best)
              best = from[offset];
          });
          to[i] = best;
        });
      }
    });
  });
  return Tensors{result};
}

Evaluated visir::reference::evaluateAvgPool(AvgPoolOp op,
                                            ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor result(resultType(op));
  Windows windows = windowsOf(op, in, result);
  size_t spatial = windows.in.size();
  Dims counted(2 * spatial, 0);
  if (std::optional<ArrayRef<int64_t>> pads = op.getCountedPads())
    counted.assign(pads->begin(), pads->end());
  int64_t planeIn = pointCount(windows.in), planeOut = pointCount(windows.out);
  int64_t planes = in.shape()[0] * in.shape()[1];
  parallelFor(planes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const double *from = in.data<double>() + plane * planeIn;
      double *to = result.data<double>() + plane * planeOut;
      forEachIndex(windows.out, [&](int64_t i, ArrayRef<int64_t> point) {
        double sum = 0;
        int64_t count = 0;
        windows.forEachTap(point, [&](ArrayRef<int64_t> at) {
          bool counts = true;
          for (size_t d = 0; d < spatial; ++d)
            counts &= at[d] >= -counted[d] &&
                      at[d] < windows.in[d] + counted[d + spatial];
          count += counts;
          int64_t offset = windows.offset(at);
          sum += offset >= 0 ? from[offset] : 0;
        });
        to[i] = sum / double(count);
      });
    }
  });
  return Tensors{result};
}

Evaluated visir::reference::evaluateResize(ResizeOp op,
                                           ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0], &indices = operands[1];
  const Tensor &weights = operands[2];
  Tensor result(resultType(op));
  int64_t axis = op.getAxis(), taps = indices.shape()[1];
  int64_t extent = in.shape()[axis];
  for (int64_t i = 0, e = indices.size(); i < e; ++i)
    if (int64_t index = indices.data<int64_t>()[i];
        index < 0 || index >= extent)
      return op.emitOpError("index is ")
             << index << ", expected 0 .. " << extent - 1;
  int64_t inner = pointCount(in.shape().drop_front(axis + 1));
  int64_t out = result.shape()[axis];
  forEachIndex({result.size() / std::max<int64_t>(out * inner, 1), out, inner},
               [&](int64_t i, ArrayRef<int64_t> at) {
                 const double *from =
                     in.data<double>() + at[0] * extent * inner + at[2];
                 double sum = 0;
                 for (int64_t t = at[1] * taps; t < (at[1] + 1) * taps; ++t)
                   sum += weights.data<double>()[t] *
                          from[indices.data<int64_t>()[t] * inner];
                 result.data<double>()[i] = sum;
               });
  return Tensors{result};
}
