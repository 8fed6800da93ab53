// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Ops.h"
#include "targets/reference/Walk.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

/// What a reduction of nothing gives.
static double identity(ReduceKind kind) {
  switch (kind) {
  case ReduceKind::Prod:
    return 1;
  case ReduceKind::Max:
  case ReduceKind::LogSumExp:
    return -HUGE_VAL;
  case ReduceKind::Min:
    return HUGE_VAL;
  default:
    return 0;
  }
}

static double combine(ReduceKind kind, double total, double x) {
  switch (kind) {
  case ReduceKind::Prod:
    return total * x;
  case ReduceKind::Max:
    return std::isnan(total) || total > x ? total : x;
  case ReduceKind::Min:
    return std::isnan(total) || total < x ? total : x;
  case ReduceKind::L1:
    return total + std::fabs(x);
  case ReduceKind::L2:
  case ReduceKind::SumSquare:
    return total + x * x;
  case ReduceKind::LogSumExp: {
    // The logarithm of the sum so far, which cannot overflow.
    double high = std::fmax(total, x), low = std::fmin(total, x);
    if (std::isnan(total) || std::isnan(x))
      return total + x;
    return std::isinf(high) ? high : high + std::log1p(std::exp(low - high));
  }
  default:
    return total + x;
  }
}

static double conclude(ReduceKind kind, double total, int64_t count) {
  switch (kind) {
  case ReduceKind::Mean:
    return total / double(count);
  case ReduceKind::L2:
    return std::sqrt(total);
  case ReduceKind::LogSum:
    return std::log(total);
  default:
    return total;
  }
}

static int64_t identityInt(ReduceKind kind, Type element) {
  unsigned width = element.getIntOrFloatBitWidth();
  bool isUnsigned = element.isUnsignedInteger() || width == 1;
  switch (kind) {
  case ReduceKind::Prod:
    return 1;
  case ReduceKind::Max:
    return isUnsigned ? 0 : int64_t(~uint64_t(0) << (width - 1));
  case ReduceKind::Min:
    return wrapToElement(
        element,
        int64_t(isUnsigned ? ~uint64_t(0) : ~(~uint64_t(0) << (width - 1))));
  default:
    return 0;
  }
}

static uint64_t combineInt(ReduceKind kind, uint64_t total, uint64_t x,
                           bool isUnsigned) {
  bool less = isUnsigned ? total < x : int64_t(total) < int64_t(x);
  switch (kind) {
  case ReduceKind::Prod:
    return total * x;
  case ReduceKind::Max:
    return less ? x : total;
  case ReduceKind::Min:
    return less ? total : x;
  case ReduceKind::L1:
    return total + (isUnsigned || int64_t(x) >= 0 ? x : 0 - x);
  case ReduceKind::L2:
  case ReduceKind::SumSquare:
    return total + x * x;
  default:
    return total + x;
  }
}

static int64_t concludeInt(ReduceKind kind, int64_t total, int64_t count) {
  switch (kind) {
  case ReduceKind::Mean:
    return count ? total / count : 0;
  case ReduceKind::L2:
    return int64_t(std::sqrt(double(total)));
  case ReduceKind::LogSum:
    return int64_t(std::log(double(total)));
  default:
    return total;
  }
}

Evaluated visir::reference::evaluateReduce(ReduceOp op,
                                           ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  ReduceKind kind = op.getKind();
  if (!in.isFloat() && kind == ReduceKind::LogSumExp)
    return op.emitOpError("operand is ") << in.type() << ", expected floats";
  Tensor result(resultType(op));
  // Strides of the result over the input's dimensions.
  Dims kept(in.shape().begin(), in.shape().end());
  int64_t count = 1;
  for (int64_t axis : op.getAxes()) {
    count *= kept[axis];
    kept[axis] = 1;
  }
  std::array<Dims, 1> walk{broadcastStrides(kept, in.shape())};
  if (in.isFloat()) {
    double *to = result.data<double>();
    std::fill_n(to, result.size(), identity(kind));
    forEachOffset(in.shape(), walk, [&](int64_t i, auto at) {
      to[at[0]] = combine(kind, to[at[0]], in.data<double>()[i]);
    });
    for (int64_t i = 0, e = result.size(); i < e; ++i)
      to[i] = conclude(kind, to[i], count);
  } else {
    int64_t *to = result.data<int64_t>();
    std::fill_n(to, result.size(), identityInt(kind, in.element()));
    forEachOffset(in.shape(), walk, [&](int64_t i, auto at) {
      to[at[0]] =
          combineInt(kind, to[at[0]], in.data<int64_t>()[i], in.isUnsigned64());
    });
    for (int64_t i = 0, e = result.size(); i < e; ++i)
      to[i] = concludeInt(kind, to[i], count);
  }
  return Tensors{result};
}

namespace {
/// The rows of a tensor along one axis.
struct Rows {
  Rows(const Tensor &tensor, int64_t axis)
      : length(tensor.shape()[axis]),
        stride(pointCount(tensor.shape().drop_front(axis + 1))),
        outer(pointCount(tensor.shape().take_front(axis))) {}

  int64_t count() const { return outer * stride; }
  /// Offset of the first element of a row, in a tensor with `extent`
  /// elements along the axis.
  int64_t start(int64_t row, int64_t extent) const {
    return row / stride * stride * extent + row % stride;
  }

  int64_t length, stride, outer;
};
} // namespace

Evaluated visir::reference::evaluateArgReduce(ArgReduceOp op,
                                              ArrayRef<Tensor> operands) {
  Tensor in = rounded(operands[0]), result(resultType(op));
  Rows rows(in, op.getAxis());
  if (rows.length == 0 && rows.count() > 0)
    return op.emitOpError("axis has no element, expected at least one");
  bool largest = op.getKind() == ReduceKind::Max, last = op.getSelectLast();
  withStorage(in.element(), [&](auto zero) {
    using T = decltype(zero);
    auto before = [&](T a, T b) {
      if (in.isUnsigned64())
        return largest ? uint64_t(a) > uint64_t(b) : uint64_t(a) < uint64_t(b);
      return largest ? a > b : a < b;
    };
    for (int64_t row = 0; row < rows.count(); ++row) {
      const T *from = in.data<T>() + rows.start(row, rows.length);
      int64_t best = 0;
      for (int64_t i = 1; i < rows.length; ++i) {
        T x = from[i * rows.stride], y = from[best * rows.stride];
        if (before(x, y) || (last && !before(y, x)))
          best = i;
      }
      result.data<int64_t>()[row] = best;
    }
  });
  return Tensors{result};
}

Evaluated visir::reference::evaluateCumSum(CumSumOp op,
                                           ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor result(resultType(op));
  Rows rows(in, op.getAxis());
  withStorage(in.element(), [&](auto zero) {
    using T = decltype(zero);
    using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
    for (int64_t row = 0; row < rows.count(); ++row) {
      int64_t start = rows.start(row, rows.length);
      Sum sum = 0;
      for (int64_t i = 0; i < rows.length; ++i) {
        int64_t along = op.getReverse() ? rows.length - 1 - i : i;
        int64_t at = start + along * rows.stride;
        Sum next = sum + Sum(in.data<T>()[at]);
        result.data<T>()[at] = T(op.getExclusive() ? sum : next);
        sum = next;
      }
    }
  });
  return Tensors{result};
}

Evaluated visir::reference::evaluateSoftmax(SoftmaxOp op,
                                            ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor result(resultType(op));
  Rows rows(in, op.getAxis());
  for (int64_t row = 0; row < rows.count(); ++row) {
    int64_t start = rows.start(row, rows.length);
    const double *from = in.data<double>() + start;
    double *to = result.data<double>() + start;
    double largest = -HUGE_VAL, sum = 0;
    for (int64_t i = 0; i < rows.length; ++i)
      largest = combine(ReduceKind::Max, largest, from[i * rows.stride]);
    for (int64_t i = 0; i < rows.length; ++i)
      sum += std::exp(from[i * rows.stride] - largest);
    for (int64_t i = 0; i < rows.length; ++i) {
      double shifted = from[i * rows.stride] - largest;
      to[i * rows.stride] =
          op.getLog() ? shifted - std::log(sum) : std::exp(shifted) / sum;
    }
  }
  return Tensors{result};
}

Evaluated visir::reference::evaluateTopK(TopKOp op, ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor judged = rounded(in), values(resultType(op, 0));
  Tensor indices(resultType(op, 1));
  Rows rows(in, op.getAxis());
  int64_t k = op.getK();
  SmallVector<int64_t> order(rows.length);
  withStorage(in.element(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t row = 0; row < rows.count(); ++row) {
      int64_t start = rows.start(row, rows.length);
      const T *keys = judged.data<T>() + start;
      auto before = [&](int64_t a, int64_t b) {
        T x = keys[a * rows.stride], y = keys[b * rows.stride];
        if (op.getSmallest())
          std::swap(x, y);
        if (x == y)
          return a < b;
        return in.isUnsigned64() ? uint64_t(x) > uint64_t(y) : x > y;
      };
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(), before);
      int64_t out = rows.start(row, k);
      for (int64_t i = 0; i < k; ++i) {
        values.data<T>()[out + i * rows.stride] =
            in.data<T>()[start + order[i] * rows.stride];
        indices.data<int64_t>()[out + i * rows.stride] = order[i];
      }
    }
  });
  return Tensors{values, indices};
}
