// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/Evaluate.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Visir.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::evaluation;

/// For each element of the input, the element of the result it belongs to.
static std::vector<int64_t> reducedPositions(ArrayRef<int64_t> shape,
                                             ArrayRef<int64_t> axes) {
  SmallVector<int64_t> kept(shape.begin(), shape.end());
  for (int64_t axis : axes)
    kept[axis] = 1;
  SmallVector<int64_t> strides = rowMajorStrides(kept);
  for (int64_t axis : axes)
    strides[axis] = 0;
  return stridedPositions(shape, strides);
}

static double firstOf(ReduceKind kind) {
  switch (kind) {
  case ReduceKind::Prod:
    return 1.0;
  case ReduceKind::Max:
  case ReduceKind::LogSumExp:
    return -std::numeric_limits<double>::infinity();
  case ReduceKind::Min:
    return std::numeric_limits<double>::infinity();
  default:
    return 0.0;
  }
}

static double combine(ReduceKind kind, double sum, double x) {
  switch (kind) {
  case ReduceKind::Prod:
    return sum * x;
  case ReduceKind::Max:
  case ReduceKind::LogSumExp:
    return std::isnan(x) ? x : std::max(sum, x);
  case ReduceKind::Min:
    return std::isnan(x) ? x : std::min(sum, x);
  case ReduceKind::L1:
    return sum + std::abs(x);
  case ReduceKind::L2:
  case ReduceKind::SumSquare:
    return sum + x * x;
  default:
    return sum + x;
  }
}

static double finish(ReduceKind kind, double sum, double count) {
  switch (kind) {
  case ReduceKind::Mean:
    return sum / count;
  case ReduceKind::L2:
    return std::sqrt(sum);
  case ReduceKind::LogSum:
    return std::log(sum);
  default:
    return sum;
  }
}

static Result reduceFloats(ReduceOp op, const Operand &input) {
  RankedTensorType type = cast<RankedTensorType>(op.getResult().getType());
  std::vector<double> x = input.doubles();
  std::vector<int64_t> to =
      reducedPositions(input.type.getShape(), op.getAxes());
  std::vector<double> out(type.getNumElements(), firstOf(op.getKind()));
  for (size_t i = 0; i < x.size(); ++i)
    out[to[i]] = combine(op.getKind(), out[to[i]], x[i]);
  if (op.getKind() == ReduceKind::LogSumExp) {
    std::vector<double> sums(out.size(), 0.0);
    for (size_t i = 0; i < x.size(); ++i)
      sums[to[i]] += std::exp(x[i] - out[to[i]]);
    for (size_t i = 0; i < out.size(); ++i)
      out[i] += std::log(sums[i]);
  }
  double count = out.empty() ? 1.0 : double(x.size()) / double(out.size());
  for (double &value : out)
    value = finish(op.getKind(), value, count);
  return toBytes(type.getElementType(), out);
}

static std::optional<int64_t> combineInts(ReduceKind kind, int64_t sum,
                                          int64_t x) {
  switch (kind) {
  case ReduceKind::Sum:
    return int64_t(uint64_t(sum) + uint64_t(x));
  case ReduceKind::Prod:
    return int64_t(uint64_t(sum) * uint64_t(x));
  case ReduceKind::Max:
    return std::max(sum, x);
  case ReduceKind::Min:
    return std::min(sum, x);
  default:
    return std::nullopt;
  }
}

static Result reduceInts(ReduceOp op, const Operand &input) {
  RankedTensorType type = cast<RankedTensorType>(op.getResult().getType());
  if (input.type.getElementType().isUnsignedInteger(64))
    return std::nullopt;
  std::vector<int64_t> x = input.ints();
  std::vector<int64_t> to =
      reducedPositions(input.type.getShape(), op.getAxes());
  std::vector<int64_t> out(type.getNumElements());
  std::vector<bool> seen(out.size(), false);
  for (size_t i = 0; i < x.size(); ++i) {
    auto value = seen[to[i]] ? combineInts(op.getKind(), out[to[i]], x[i])
                             : combineInts(op.getKind(), x[i], x[i]);
    if (!value)
      return std::nullopt;
    out[to[i]] = seen[to[i]] ? *value : x[i];
    seen[to[i]] = true;
  }
  if (llvm::is_contained(seen, false))
    return std::nullopt;
  return toBytes(type.getElementType(), out);
}

static Result evaluateCumSum(CumSumOp op, const Operand &input) {
  ArrayRef<int64_t> shape = input.type.getShape();
  int64_t axis = op.getAxis(), extent = shape[axis];
  SmallVector<int64_t> strides = rowMajorStrides(shape), starts(shape);
  int64_t step = strides[axis];
  starts[axis] = 1;
  auto rows = stridedPositions(starts, strides);
  auto scan = [&](auto values) {
    auto out = values;
    for (int64_t row : rows) {
      std::decay_t<decltype(values[0])> sum = 0;
      for (int64_t i = 0; i < extent; ++i) {
        int64_t at = row + step * (op.getReverse() ? extent - 1 - i : i);
        out[at] = op.getExclusive() ? sum : sum + values[at];
        sum += values[at];
      }
    }
    return toBytes(input.type.getElementType(), out);
  };
  if (input.isFloat())
    return scan(input.doubles());
  return scan(input.ints());
}

/// Integers only, which have no NaNs to order.
static Result evaluateArgReduce(ArgReduceOp op, const Operand &input) {
  if (input.isFloat() || input.type.getElementType().isUnsignedInteger(64))
    return std::nullopt;
  SmallVector<int64_t> starts(input.type.getShape());
  SmallVector<int64_t> strides = rowMajorStrides(starts);
  int64_t extent = starts[op.getAxis()], step = strides[op.getAxis()];
  starts[op.getAxis()] = 1;
  std::vector<int64_t> x = input.ints(), out;
  for (int64_t row : stridedPositions(starts, strides)) {
    int64_t best = 0;
    for (int64_t i = 1; i < extent; ++i) {
      int64_t value = x[row + step * i], least = x[row + step * best];
      if (op.getKind() == ReduceKind::Min)
        std::swap(value, least);
      if (value > least || (value == least && op.getSelectLast()))
        best = i;
    }
    out.push_back(best);
  }
  Type element = cast<RankedTensorType>(op.getResult().getType())
                     .getElementType();
  return toBytes(element, out);
}

Result evaluation::evaluateReduce(Operation *op, Operands operands) {
  return TypeSwitch<Operation *, Result>(op)
      .Case([&](ReduceOp o) {
        return operands[0].isFloat() ? reduceFloats(o, operands[0])
                                     : reduceInts(o, operands[0]);
      })
      .Case([&](ArgReduceOp o) { return evaluateArgReduce(o, operands[0]); })
      .Case([&](CumSumOp o) { return evaluateCumSum(o, operands[0]); })
      .Default([](Operation *) { return Result(); });
}
