// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Ops.h"
#include "targets/reference/Walk.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

/// to = (from - mean) / sqrt(variance + epsilon), or without the mean and
/// with the mean square for `rms`.
static void normalise(const double *from, double *to, int64_t count,
                      double epsilon, bool rms) {
  double mean = 0, square = 0;
  for (int64_t i = 0; i < count; ++i)
    mean += from[i];
  mean = rms ? 0 : mean / double(count);
  for (int64_t i = 0; i < count; ++i)
    square += (from[i] - mean) * (from[i] - mean);
  double factor = 1 / std::sqrt(square / double(count) + epsilon);
  for (int64_t i = 0; i < count; ++i)
    to[i] = (from[i] - mean) * factor;
}

Evaluated visir::reference::evaluateLayerNorm(LayerNormOp op,
                                              ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor result(resultType(op));
  double *to = result.data<double>();
  ArrayRef<int64_t> row = in.shape().drop_front(op.getAxis());
  int64_t count = pointCount(row);
  Tensor one(RankedTensorType::get({1}, in.element())), none = one.clone();
  one.data<double>()[0] = 1;
  const Tensor &scale = op.getScale() ? operands[1] : one;
  const Tensor &bias = op.getBias() ? operands.back() : none;
  std::array<Dims, 2> walk{broadcastStrides(scale.shape(), row),
                           broadcastStrides(bias.shape(), row)};
  for (int64_t start = 0; start < in.size(); start += count) {
    normalise(in.data<double>() + start, to + start, count,
              op.getEpsilon().convertToDouble(), op.getRms());
    forEachOffset(row, walk, [&](int64_t i, auto at) {
      double &x = to[start + i];
      x = x * scale.data<double>()[at[0]] + bias.data<double>()[at[1]];
    });
  }
  return Tensors{result};
}

Evaluated visir::reference::evaluateGroupNorm(GroupNormOp op,
                                              ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor result(resultType(op));
  double *to = result.data<double>();
  int64_t channels = in.shape()[1];
  int64_t inner = pointCount(in.shape().drop_front(2));
  int64_t count = channels / op.getGroups() * inner;
  for (int64_t start = 0; start < in.size(); start += count)
    normalise(in.data<double>() + start, to + start, count,
              op.getEpsilon().convertToDouble(), /*rms=*/false);
  for (int64_t i = 0, e = in.size(); i < e; ++i) {
    int64_t channel = i / inner % channels;
    if (op.getScale())
      to[i] *= operands[1].data<double>()[channel];
    if (op.getBias())
      to[i] += operands.back().data<double>()[channel];
  }
  return Tensors{result};
}

Evaluated visir::reference::evaluateBatchNorm(BatchNormOp op,
                                              ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor result(resultType(op));
  int64_t channels = in.shape()[1];
  int64_t inner = pointCount(in.shape().drop_front(2));
  double epsilon = op.getEpsilon().convertToDouble();
  auto parameter = [&](int index, int64_t channel) {
    return operands[index].data<double>()[channel];
  };
  for (int64_t i = 0, e = in.size(); i < e; ++i) {
    int64_t c = i / inner % channels;
    result.data<double>()[i] = (in.data<double>()[i] - parameter(3, c)) /
                                   std::sqrt(parameter(4, c) + epsilon) *
                                   parameter(1, c) +
                               parameter(2, c);
  }
  return Tensors{result};
}

Evaluated visir::reference::evaluateLrn(LrnOp op, ArrayRef<Tensor> operands) {
  const Tensor &in = operands[0];
  Tensor result(resultType(op));
  int64_t channels = in.shape()[1], size = op.getSize();
  int64_t inner = pointCount(in.shape().drop_front(2));
  double alpha = op.getAlpha().convertToDouble();
  for (int64_t i = 0, e = in.size(); i < e; ++i) {
    int64_t c = i / inner % channels;
    int64_t first = std::max<int64_t>(c - (size - 1) / 2, 0);
    int64_t last = std::min(c + size / 2, channels - 1);
    double sum = 0;
    for (int64_t other = first; other <= last; ++other) {
      double x = in.data<double>()[i + (other - c) * inner];
      sum += x * x;
    }
    result.data<double>()[i] =
        in.data<double>()[i] /
        std::pow(op.getBias().convertToDouble() + alpha / double(size) * sum,
                 op.getBeta().convertToDouble());
  }
  return Tensors{result};
}
