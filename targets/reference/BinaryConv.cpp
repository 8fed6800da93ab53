// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// As the op is defined: signs as numbers, times weights as numbers.
#include "targets/reference/BinaryConv.h"

#include "targets/reference/Walk.h"

using namespace mlir;
using namespace visir;
using namespace visir::reference;

/// The signs of scale * input + shift as -1, 0 and 1, in the input's order.
static std::vector<int8_t> signsOf(BinaryConvOp op, ArrayRef<Tensor> operands) {
  const Tensor &input = operands[0];
  const double *x = input.data<double>();
  unsigned next = 2;
  const double *scale =
      op.getScale() ? operands[next++].data<double>() : nullptr;
  const double *shift =
      op.getShift() ? operands[next++].data<double>() : nullptr;
  int64_t channels = input.shape()[1];
  int64_t inner = pointCount(input.shape().drop_front(2));
  std::vector<int8_t> signs(input.size());
  for (int64_t i = 0, e = input.size(); i < e; ++i) {
    int64_t c = i / inner % channels;
    double value = x[i];
    if (scale)
      value *= scale[c];
    if (shift)
      value += shift[c];
    signs[i] = int8_t(value > 0 ? 1 : value < 0 ? -1 : 0);
    if (value == 0)
      signs[i] = int8_t(op.getAtZero());
  }
  return signs;
}

Evaluated
visir::reference::evaluateBinaryConv(BinaryConvOp op,
                                     ArrayRef<Tensor> operands) {
  const Tensor &input = operands[0], &weight = operands[1];
  std::vector<int8_t> signs = signsOf(op, operands);
  Tensor result(resultType(op));
  size_t spatial = input.rank() - 2;
  int64_t outputs = weight.shape().back(), groups = op.getGroups();
  int64_t channels = input.shape()[1] / groups;
  int64_t words = weight.shape()[spatial];
  Dims in = rowMajorStrides(input.shape());
  ArrayRef<int64_t> kernel = weight.shape().take_front(spatial);
  forEachIndex(result.shape(), [&](int64_t at, ArrayRef<int64_t> index) {
    int64_t sum = 0;
    forEachIndex(kernel, [&](int64_t tap, ArrayRef<int64_t> taps) {
      int64_t group = index[1] / (outputs / groups);
      int64_t offset = index[0] * in[0] + group * channels * in[1];
      for (size_t d = 0; d < spatial; ++d) {
        int64_t place = index[d + 2] * op.getStrides()[d] +
                        taps[d] * op.getDilations()[d] - op.getPads()[d];
        if (place < 0 || place >= input.shape()[d + 2])
          return;
        offset += place * in[d + 2];
      }
      for (int64_t c = 0; c < channels; ++c) {
        int64_t word = weight.data<int64_t>()[
            (tap * words + c / kSignsPerWord) * outputs + index[1]];
        bool positive = word >> c % kSignsPerWord & 1;
        int64_t sign = signs[offset + c * in[1]];
        sum += positive ? sign : -sign;
      }
    });
    result.data<double>()[at] = double(sum);
  });
  return Tensors{result};
}
