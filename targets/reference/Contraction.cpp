// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/reference/Gemm.h"
#include "targets/reference/Ops.h"
#include "targets/reference/Walk.h"

#include <cmath>
#include <vector>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

using Offsets = SmallVector<int64_t>;

/// 0, stride, 2 * stride ...
static Offsets evenly(int64_t count, int64_t stride) {
  Offsets offsets(count);
  for (int64_t i = 0; i < count; ++i)
    offsets[i] = i * stride;
  return offsets;
}

Evaluated visir::reference::evaluateMatMul(MatMulOp op,
                                           ArrayRef<Tensor> operands) {
  const Tensor &lhs = operands[0], &rhs = operands[1];
  Tensor result(resultType(op));
  int64_t m = lhs.shape().end()[-2], k = lhs.shape().back();
  int64_t n = rhs.shape().back();
  ArrayRef<int64_t> batch = result.shape().drop_back(2);
  std::array<Dims, 2> strides{
      broadcastStrides(lhs.shape().drop_back(2), batch),
      broadcastStrides(rhs.shape().drop_back(2), batch)};
  Offsets lhsRows = evenly(m, k), inner = evenly(k, 1);
  Offsets rhsRows = evenly(k, n), columns = evenly(n, 1), rows = evenly(m, n);
  withStorage(result.element(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<Gemm<T>> gemms;
    forEachOffset(batch, strides, [&](int64_t i, auto at) {
      gemms.push_back({{lhs.data<T>() + at[0] * m * k, lhsRows, inner},
                       {rhs.data<T>() + at[1] * k * n, columns, rhsRows},
                       {result.data<T>() + i * m * n, rows, columns}});
    });
    runGemms(gemms);
  });
  return Tensors{result};
}

/// The N x C x spatial tensor with `pads` zeros around and `stretch[i] - 1`
/// zeros between neighbours of spatial dimension i. Negative pads cut off.
static Tensor padSpatial(const Tensor &in, ArrayRef<int64_t> pads,
                         ArrayRef<int64_t> stretch) {
  size_t spatial = in.rank() - 2;
  Dims shape(in.shape().begin(), in.shape().end());
  for (size_t d = 0; d < spatial; ++d) {
    int64_t extent = shape[d + 2] ? (shape[d + 2] - 1) * stretch[d] + 1 : 0;
    shape[d + 2] = std::max<int64_t>(extent + pads[d] + pads[d + spatial], 0);
  }
  Tensor result(RankedTensorType::get(shape, in.element()));
  Dims strides = rowMajorStrides(shape);
  withStorage(in.element(), [&](auto zero) {
    using T = decltype(zero);
    forEachIndex(in.shape(), [&](int64_t i, ArrayRef<int64_t> index) {
      int64_t offset = index[0] * strides[0] + index[1] * strides[1];
      for (size_t d = 0; d < spatial; ++d) {
        int64_t at = index[d + 2] * stretch[d] + pads[d];
        if (at < 0 || at >= shape[d + 2])
          return;
        offset += at * strides[d + 2];
      }
      result.data<T>()[offset] = in.data<T>()[i];
    });
  });
  return result;
}

namespace {
/// A convolution without padding, by strides of its weight: element
/// (group, output channel, input channel, taps) of the weight lies at
/// base + group * group stride + ... + taps * tap strides.
struct Convolution {
  int64_t groups, outPerGroup, inPerGroup;
  ArrayRef<int64_t> kernel, strides, dilations;
  int64_t weightBase, weightGroup, weightOut, weightIn;
  Dims weightTaps;
};
} // namespace

static void convolve(const Convolution &conv, const Tensor &in,
                     const Tensor &weight, Tensor &result) {
  ArrayRef<int64_t> out = result.shape().drop_front(2);
  Dims inStrides = rowMajorStrides(in.shape());
  int64_t outSize = pointCount(out);
  Dims step, taps{conv.inPerGroup}, fromTaps{inStrides[1]};
  Dims weightTaps{conv.weightIn};
  for (size_t d = 0; d < out.size(); ++d) {
    step.push_back(conv.strides[d] * inStrides[d + 2]);
    taps.push_back(conv.kernel[d]);
    fromTaps.push_back(conv.dilations[d] * inStrides[d + 2]);
    weightTaps.push_back(conv.weightTaps[d]);
  }
  Offsets points = offsetsOf(out, step), inner = offsetsOf(taps, fromTaps);
  Offsets weightInner = offsetsOf(taps, weightTaps);
  Offsets weightRows = evenly(conv.outPerGroup, conv.weightOut);
  Offsets rows = evenly(conv.outPerGroup, outSize), cols = evenly(outSize, 1);
  withStorage(result.element(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<Gemm<T>> gemms;
    for (int64_t n = 0; n < result.shape()[0]; ++n)
      for (int64_t g = 0; g < conv.groups; ++g)
        gemms.push_back(
            {{weight.data<T>() + conv.weightBase + g * conv.weightGroup,
              weightRows, weightInner},
             {in.data<T>() + n * inStrides[0] +
                  g * conv.inPerGroup * inStrides[1],
              points, inner},
             {result.data<T>() +
                  (n * conv.groups + g) * conv.outPerGroup * outSize,
              rows, cols}});
    runGemms(gemms);
  });
}

static void addChannelBias(Tensor &result, const Tensor &bias) {
  int64_t inner = pointCount(result.shape().drop_front(2));
  int64_t channels = result.shape()[1];
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    int64_t channel = i / inner % channels;
    if (result.isFloat())
      result.data<double>()[i] += bias.data<double>()[channel];
    else
      result.data<int64_t>()[i] += bias.data<int64_t>()[channel];
  }
}

Evaluated visir::reference::evaluateConv(ConvOp op, ArrayRef<Tensor> operands) {
  const Tensor &weight = operands[1];
  Tensor result(resultType(op));
  Dims ones(op.getStrides().size(), 1);
  Tensor in = padSpatial(operands[0], op.getPads(), ones);
  Dims own = rowMajorStrides(weight.shape());
  int64_t groups = op.getGroups(), outPerGroup = weight.shape()[0] / groups;
  Convolution conv{groups,
                   outPerGroup,
                   weight.shape()[1],
                   weight.shape().drop_front(2),
                   op.getStrides(),
                   op.getDilations(),
                   0,
                   outPerGroup * own[0],
                   own[0],
                   own[1],
                   Dims(own.begin() + 2, own.end())};
  convolve(conv, in, weight, result);
  if (operands.size() > 2)
    addChannelBias(result, operands[2]);
  return Tensors{result};
}

/// A transposed convolution is a convolution of stride 1 with the mirrored
/// kernel over the input with stride - 1 zeros between its elements.
Evaluated visir::reference::evaluateConvTranspose(ConvTransposeOp op,
                                                  ArrayRef<Tensor> operands) {
  const Tensor &weight = operands[1];
  Tensor result(resultType(op));
  size_t spatial = op.getStrides().size();
  ArrayRef<int64_t> kernel = weight.shape().drop_front(2);
  Dims pads(2 * spatial), own = rowMajorStrides(weight.shape()), taps;
  int64_t base = 0;
  for (size_t d = 0; d < spatial; ++d) {
    int64_t reach = op.getDilations()[d] * (kernel[d] - 1);
    pads[d] = reach - op.getPads()[d];
    pads[d + spatial] =
        reach - op.getPads()[d + spatial] + op.getOutputPadding()[d];
    base += (kernel[d] - 1) * own[d + 2];
    taps.push_back(-own[d + 2]);
  }
  Tensor in = padSpatial(operands[0], pads, op.getStrides());
  Dims ones(spatial, 1);
  int64_t groups = op.getGroups(), inPerGroup = weight.shape()[0] / groups;
  Convolution conv{
      groups, weight.shape()[1],   inPerGroup, kernel, ones, op.getDilations(),
      base,   inPerGroup * own[0], own[1],     own[0], taps};
  convolve(conv, in, weight, result);
  if (operands.size() > 2)
    addChannelBias(result, operands[2]);
  return Tensors{result};
}

/// Adds the mask, hides what causality hides, and takes the softmax of one
/// row of scores.
static void attendRow(double *scores, int64_t count, const double *mask,
                      int64_t maskStride, int64_t visible) {
  double largest = -HUGE_VAL, sum = 0;
  for (int64_t n = 0; n < count; ++n) {
    if (mask)
      scores[n] += mask[n * maskStride];
    if (n >= visible)
      scores[n] = -HUGE_VAL;
    largest = std::fmax(largest, scores[n]);
  }
  for (int64_t n = 0; n < count; ++n)
    sum += scores[n] = std::exp(scores[n] - largest);
  for (int64_t n = 0; n < count; ++n)
    scores[n] /= sum;
}

Evaluated visir::reference::evaluateAttention(AttentionOp op,
                                              ArrayRef<Tensor> operands) {
  const Tensor &query = operands[0], &key = operands[1], &value = operands[2];
  Tensor result(resultType(op));
  int64_t rank = query.rank();
  int64_t m = query.shape()[rank - 2], d = query.shape()[rank - 1];
  int64_t n = key.shape()[rank - 2], e = value.shape()[rank - 1];
  Dims leading(query.shape().begin(), query.shape().end() - 2);
  Dims full(leading);
  full.append({m, n});
  Dims maskStrides(full.size(), 0);
  if (operands.size() > 3)
    maskStrides = broadcastStrides(operands[3].shape(), full);
  double scale = op.getScale().convertToDouble();
  Offsets rowsD = evenly(m, d), keysD = evenly(n, d), innerD = evenly(d, 1);
  Offsets rowsN = evenly(m, n), innerN = evenly(n, 1), rowsE = evenly(m, e);
  Offsets valuesN = evenly(n, e), colsE = evenly(e, 1);
  std::vector<double> scores(m * n);
  std::array<Dims, 1> walk{Dims(maskStrides.begin(), maskStrides.end() - 2)};
  forEachOffset(leading, walk, [&](int64_t b, auto at) {
    Gemm<double> product{{query.data<double>() + b * m * d, rowsD, innerD},
                         {key.data<double>() + b * n * d, keysD, innerD},
                         {scores.data(), rowsN, innerN}};
    runGemms(ArrayRef<Gemm<double>>(product));
    for (double &score : scores)
      score *= scale;
    for (int64_t row = 0; row < m; ++row)
      attendRow(scores.data() + row * n, n,
                operands.size() > 3 ? operands[3].data<double>() + at[0] +
                                          row * maskStrides[rank - 2]
                                    : nullptr,
                maskStrides[rank - 1], op.getCausal() ? row + 1 : n);
    Gemm<double> mix{{scores.data(), rowsN, innerN},
                     {value.data<double>() + b * n * e, colsE, valuesN},
                     {result.data<double>() + b * m * e, rowsE, colsE}};
    runGemms(ArrayRef<Gemm<double>>(mix));
  });
  return Tensors{result};
}
