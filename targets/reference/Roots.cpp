// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the roots of dispatches compute between prologue and epilogue. Their
// results are kept for all points at which the epilogue runs.
#include "dialects/visir/Heatmap.h"
#include "targets/reference/Dispatch.h"
#include "targets/reference/Gemm.h"
#include "targets/reference/GridSample.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace visir;
using namespace visir::reference;

Type DispatchEvaluation::operandType(unsigned operand) {
  return op.getPrologueBlock().getTerminator()->getOperand(operand).getType();
}

void DispatchEvaluation::evaluateRoot() {
  switch (op.getKind()) {
  case RootKind::Map:
  case RootKind::Scatter:
    return;
  case RootKind::Reduce:
    return reduce();
  case RootKind::Contract:
    return contract();
  case RootKind::Softmax:
  case RootKind::Norm:
  case RootKind::Scan:
    return rows();
  case RootKind::ArgReduce:
    return decodeOf(op) ? decodeHeatmaps() : argReduce();
  case RootKind::TopK:
    return topK();
  case RootKind::Attention:
    return attend();
  case RootKind::GridSample:
    return sampleGrid();
  }
}

void DispatchEvaluation::addLoadDims(unsigned load,
                                     std::vector<bool> &depends) {
  for (unsigned d = 0; d < depends.size(); ++d)
    if (loads[load].dependsOn(d))
      depends[d] = true;
  for (int64_t index : loads[load].indexLoads)
    addLoadDims(index, depends);
}

Unsigneds DispatchEvaluation::operandDims(unsigned operand) {
  FailureOr<Payload> payload =
      Payload::prepare(op.getPrologueBlock(), {operand});
  if (mlir::failed(payload)) {
    failed = true;
    return {};
  }
  std::vector<bool> depends(op.getDomainRank());
  for (unsigned load = 0; load < loads.size(); ++load)
    if (payload->uses(load))
      addLoadDims(load, depends);
  Unsigneds dims;
  for (unsigned d = 0; d < depends.size(); ++d)
    if (depends[d])
      dims.push_back(d);
  return dims;
}

Scalars DispatchEvaluation::operandOver(unsigned operand,
                                        ArrayRef<unsigned> dims) {
  Scalars scalars(operandType(operand), points(dims));
  FailureOr<Payload> payload =
      Payload::prepare(op.getPrologueBlock(), {operand});
  if (mlir::failed(payload)) {
    failed = true;
    return scalars;
  }
  forEachChunk(
      dims, 1, *payload,
      [&](int64_t first, const Points &points, Payload::Registers &registers) {
        readLoads(*payload, 0, points, registers);
        if (failed || !payload->run(registers, points.count)) {
          failed = true;
          return;
        }
        const Lanes &from = payload->yielded(registers, 0);
        if (scalars.isFloat())
          std::copy_n(from.floats.begin(), points.count,
                      scalars.data<double>() + first);
        else
          std::copy_n(from.ints.begin(), points.count,
                      scalars.data<int64_t>() + first);
      });
  return scalars;
}

template <class T> static T combine(ReduceKind kind, T total, T x) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
  switch (kind) {
  case ReduceKind::Prod:
    return T(Sum(total) * Sum(x));
  case ReduceKind::Max:
    return total != total || total > x ? total : x;
  case ReduceKind::Min:
    return total != total || total < x ? total : x;
  default:
    return T(Sum(total) + Sum(x));
  }
}

/// What a combination of nothing gives.
template <class T> static T identity(ReduceKind kind, Type type) {
  constexpr bool isFloat = std::is_floating_point_v<T>;
  unsigned width = isFloat ? 64 : type.getIntOrFloatBitWidth();
  if (kind == ReduceKind::Prod)
    return T(1);
  if (kind != ReduceKind::Max && kind != ReduceKind::Min)
    return T(0);
  if (isFloat)
    return T(kind == ReduceKind::Max ? -HUGE_VAL : HUGE_VAL);
  int64_t smallest = width == 1 ? 0 : INT64_MIN >> (64 - width);
  return T(kind == ReduceKind::Max ? smallest : width == 1 ? 1 : ~smallest);
}

void DispatchEvaluation::reduce() {
  ReduceKind kind =
      cast<ReduceKindAttr>(op.getRootParam("combiner")).getValue();
  FailureOr<Payload> payload = Payload::prepare(op.getPrologueBlock(), {0});
  if (mlir::failed(payload)) {
    failed = true;
    return;
  }
  Unsigneds all(parallel);
  all.append(reduction);
  int64_t length = points(reduction);
  Type type = operandType(0);
  Scalars totals(type, points(parallel));
  withStorage(type, [&](auto zero) {
    using T = decltype(zero);
    T *to = totals.data<T>();
    std::fill_n(to, points(parallel), identity<T>(kind, type));
    forEachChunk(all, length, *payload,
                 [&](int64_t first, const Points &points,
                     Payload::Registers &registers) {
                   readLoads(*payload, 0, points, registers);
                   if (failed || !payload->run(registers, points.count)) {
                     failed = true;
                     return;
                   }
                   const Lanes &lanes = payload->yielded(registers, 0);
                   for (int64_t i = 0; i < points.count; ++i) {
                     T &total = to[(first + i) / length];
                     if constexpr (std::is_floating_point_v<T>)
                       total = combine(kind, total, lanes.floats[i]);
                     else
                       total = wrapToElement(
                           type, combine(kind, total, lanes.ints[i]));
                   }
                 });
  });
  if (totals.isFloat())
    roundResults(type, totals.data<double>(), totals.lanes.floats.size());
  rootResults.push_back(std::move(totals));
}

/// The load that an operand is, if the prologue does not change its value.
static std::optional<unsigned> plainLoad(DispatchOp op, unsigned operand) {
  Value value = op.getPrologueBlock().getTerminator()->getOperand(operand);
  if (auto extend = value.getDefiningOp<arith::ExtFOp>())
    value = extend.getIn();
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || !isa<FloatType>(argument.getType()))
    return std::nullopt;
  return argument.getArgNumber();
}

LinearOperand DispatchEvaluation::linearOperand(unsigned operand) {
  std::optional<unsigned> load = plainLoad(op, operand);
  if (load && !loads[*load].indexed())
    return makeLinear(loads[*load], inputs[*load], extents);
  Unsigneds dims = operandDims(operand);
  Dims shape;
  for (unsigned d : dims)
    shape.push_back(extents[d]);
  Scalars scalars = operandOver(operand, dims);
  LinearOperand linear{Tensor(RankedTensorType::get(shape, scalars.type)), 0,
                       Dims(extents.size(), 0)};
  withStorage(scalars.type, [&](auto zero) {
    using T = decltype(zero);
    std::copy_n(scalars.data<T>(), points(dims), linear.tensor.data<T>());
  });
  Dims own = rowMajorStrides(shape);
  for (auto [d, stride] : llvm::zip_equal(dims, own))
    linear.strides[d] = stride;
  return linear;
}

void DispatchEvaluation::contract() {
  LinearOperand lhs = linearOperand(0);
  LinearOperand rhs = failed ? lhs : linearOperand(1);
  if (failed)
    return;
  Type type = operandType(0);
  Scalars sums(type, points(parallel));
  if (sums.isFloat())
    multiply<double>(lhs, rhs, sums);
  else
    multiply<int64_t>(lhs, rhs, sums);
  rootResults.push_back(std::move(sums));
}

/// Offsets of the points of some dimensions.
static SmallVector<int64_t> offsetsAlong(ArrayRef<unsigned> dims,
                                         ArrayRef<int64_t> extents,
                                         ArrayRef<int64_t> strides) {
  Dims shape, along;
  for (unsigned d : dims) {
    shape.push_back(extents[d]);
    along.push_back(strides[d]);
  }
  return offsetsOf(shape, along);
}

template <class T>
void DispatchEvaluation::multiply(const LinearOperand &lhs,
                                  const LinearOperand &rhs, Scalars &sums) {
  // Parallel dimensions of both operands are batches of matrix products; a
  // dimension of neither repeats rows.
  Unsigneds batch, rows, columns;
  for (unsigned d : parallel) {
    bool inLhs = lhs.strides[d] != 0, inRhs = rhs.strides[d] != 0;
    (inLhs && inRhs ? batch : inRhs ? columns : rows).push_back(d);
  }
  Dims parallelShape, resultStrides(extents.size(), 0);
  for (unsigned d : parallel)
    parallelShape.push_back(extents[d]);
  Dims own = rowMajorStrides(parallelShape);
  for (auto [d, stride] : llvm::zip_equal(parallel, own))
    resultStrides[d] = stride;
  auto along = [&](ArrayRef<unsigned> dims, ArrayRef<int64_t> strides) {
    return offsetsAlong(dims, extents, strides);
  };
  auto lhsRows = along(rows, lhs.strides), lhsK = along(reduction, lhs.strides);
  auto rhsCols = along(columns, rhs.strides);
  auto rhsK = along(reduction, rhs.strides);
  auto toRows = along(rows, resultStrides);
  auto toCols = along(columns, resultStrides);
  std::vector<Gemm<T>> gemms;
  for (auto [l, r, to] :
       llvm::zip_equal(along(batch, lhs.strides), along(batch, rhs.strides),
                       along(batch, resultStrides)))
    gemms.push_back(
        {{lhs.tensor.template data<T>() + lhs.base + l, lhsRows, lhsK},
         {rhs.tensor.template data<T>() + rhs.base + r, rhsCols, rhsK},
         {sums.data<T>() + to, toRows, toCols}});
  runGemms(gemms);
  if constexpr (std::is_floating_point_v<T>)
    roundResults(sums.type, sums.data<T>(), points(parallel));
  else
    for (int64_t &sum : sums.lanes.ints)
      sum = wrapToElement(sums.type, sum);
}

static void softmaxRow(double *row, int64_t length, bool log) {
  double largest = -HUGE_VAL, sum = 0;
  for (int64_t i = 0; i < length; ++i)
    largest = combine(ReduceKind::Max, largest, row[i]);
  for (int64_t i = 0; i < length; ++i)
    sum += std::exp(row[i] - largest);
  for (int64_t i = 0; i < length; ++i)
    row[i] = log ? row[i] - largest - std::log(sum)
                 : std::exp(row[i] - largest) / sum;
}

static void normRow(double *row, int64_t length, double epsilon, bool rms) {
  double mean = 0, square = 0;
  for (int64_t i = 0; i < length && !rms; ++i)
    mean += row[i] / double(length);
  for (int64_t i = 0; i < length; ++i)
    square += (row[i] - mean) * (row[i] - mean) / double(length);
  for (int64_t i = 0; i < length; ++i)
    row[i] = (row[i] - mean) / std::sqrt(square + epsilon);
}

void DispatchEvaluation::normaliseLoads() {
  for (unsigned load = 0; load < loads.size() && !failed; ++load) {
    DictionaryAttr norm = op.getLoad(load).getNorm();
    if (!norm)
      continue;
    // Rows are the reduction dimensions; they come last.
    Unsigneds dims;
    Dims shape;
    SmallVector<AffineExpr> exprs;
    for (unsigned d = 0; d < op.getDomainRank(); ++d)
      if (d >= op.getParallelRank() || loads[load].dependsOn(d)) {
        dims.push_back(d);
        shape.push_back(extents[d]);
        exprs.push_back(getAffineDimExpr(d, op.getContext()));
      }
    Type element = inputs[load].element();
    Tensor values(RankedTensorType::get(shape, element));
    FailureOr<Payload> none = Payload::prepare(op.getPrologueBlock(), {});
    forEachChunk(dims, 1, *none,
                 [&](int64_t first, const Points &points,
                     Payload::Registers &) {
                   Lanes lanes;
                   lanes.floats.resize(points.count);
                   readLoad(load, element, points, lanes);
                   std::copy_n(lanes.floats.begin(), points.count,
                               values.data<double>() + first);
                 });
    int64_t length = points(reduction);
    for (int64_t at = 0; at < values.size(); at += length)
      normRow(values.data<double>() + at, length,
              norm.getAs<FloatAttr>("epsilon").getValueAsDouble(),
              bool(norm.get("rms")));
    inputs[load] = values;
    loads[load] = Access(
        AccessAttr::get(op.getContext(),
                        AffineMap::get(op.getDomainRank(), 0, exprs,
                                       op.getContext())),
        shape);
  }
}

template <class T>
static void scanRow(T *row, int64_t length, bool exclusive, bool reverse) {
  using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, T>;
  Sum sum = 0;
  for (int64_t i = 0; i < length; ++i) {
    T &element = row[reverse ? length - 1 - i : i];
    Sum next = sum + Sum(element);
    element = T(exclusive ? sum : next);
    sum = next;
  }
}

void DispatchEvaluation::rows() {
  Unsigneds all(parallel);
  all.append(reduction);
  Scalars values = operandOver(0, all);
  int64_t length = points(reduction), count = points(parallel);
  RootKind kind = op.getKind();
  if (!values.isFloat()) {
    for (int64_t row = 0; row < count; ++row)
      scanRow(values.data<int64_t>() + row * length, length,
              bool(op.getRootParam("exclusive")),
              bool(op.getRootParam("reverse")));
    for (int64_t &value : values.lanes.ints)
      value = wrapToElement(values.type, value);
  } else {
    for (int64_t row = 0; row < count; ++row) {
      double *at = values.data<double>() + row * length;
      if (kind == RootKind::Softmax)
        softmaxRow(at, length, bool(op.getRootParam("log")));
      else if (kind == RootKind::Norm)
        normRow(at, length,
                cast<FloatAttr>(op.getRootParam("epsilon")).getValueAsDouble(),
                bool(op.getRootParam("rms")));
      else
        scanRow(at, length, bool(op.getRootParam("exclusive")),
                bool(op.getRootParam("reverse")));
    }
    roundResults(values.type, values.data<double>(), count * length);
  }
  rootResults.push_back(std::move(values));
}

void visir::reference::holdValues(Scalars &values) {
  if (values.type.isF32())
    for (double &x : values.lanes.floats)
      x = roundToElement(values.type, x);
}

void DispatchEvaluation::argReduce() {
  Unsigneds all(parallel);
  all.append(reduction);
  Scalars values = operandOver(0, all);
  holdValues(values);
  int64_t length = points(reduction), count = points(parallel);
  bool largest = cast<ReduceKindAttr>(op.getRootParam("combiner")).getValue() ==
                 ReduceKind::Max;
  bool last = bool(op.getRootParam("last"));
  Scalars indices(IntegerType::get(op.getContext(), 64), count);
  withStorage(values.type, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t row = 0; row < count; ++row) {
      const T *from = values.data<T>() + row * length;
      int64_t best = 0;
      for (int64_t i = 1; i < length; ++i) {
        bool better = largest ? from[i] > from[best] : from[i] < from[best];
        if (better || (last && from[i] == from[best]))
          best = i;
      }
      indices.lanes.ints[row] = best;
    }
  });
  rootResults.push_back(std::move(indices));
}

void DispatchEvaluation::topK() {
  Unsigneds all(parallel);
  all.append(reduction);
  Scalars values = operandOver(0, all);
  Scalars keys = values;
  holdValues(keys);
  int64_t length = points(reduction), count = points(parallel);
  int64_t k = extents.back();
  bool smallest = bool(op.getRootParam("smallest"));
  Scalars best(values.type, count * k);
  Scalars indices(IntegerType::get(op.getContext(), 64), count * k);
  withStorage(values.type, [&](auto zero) {
    using T = decltype(zero);
    std::vector<int64_t> order(length);
    for (int64_t row = 0; row < count; ++row) {
      const T *key = keys.data<T>() + row * length;
      std::iota(order.begin(), order.end(), 0);
      std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        if (key[a] == key[b])
          return a < b;
        return smallest ? key[a] < key[b] : key[a] > key[b];
      });
      for (int64_t i = 0; i < k; ++i) {
        best.data<T>()[row * k + i] = values.data<T>()[row * length + order[i]];
        indices.lanes.ints[row * k + i] = order[i];
      }
    }
  });
  rootResults.push_back(std::move(best));
  rootResults.push_back(std::move(indices));
}

void DispatchEvaluation::attend() {
  unsigned rank = op.getDomainRank();
  unsigned dimM = rank - 4, dimE = rank - 3, dimN = rank - 2, dimD = rank - 1;
  auto over = [&](unsigned operand, ArrayRef<unsigned> last) {
    Unsigneds dims;
    for (unsigned d = 0; d < dimM; ++d)
      dims.push_back(d);
    dims.append(last.begin(), last.end());
    return operandOver(operand, dims);
  };
  Scalars query = over(0, {dimM, dimD}), key = over(1, {dimN, dimD});
  Scalars value = over(2, {dimN, dimE});
  bool masked = op.getPrologueBlock().getTerminator()->getNumOperands() > 3;
  Scalars mask = masked ? over(3, {dimM, dimN}) : Scalars(query.type, 0);
  if (failed)
    return;
  int64_t m = extents[dimM], n = extents[dimN], d = extents[dimD];
  int64_t e = extents[dimE], batches = 1;
  for (unsigned i = 0; i < dimM; ++i)
    batches *= extents[i];
  double scale = cast<FloatAttr>(op.getRootParam("scale")).getValueAsDouble();
  bool causal = bool(op.getRootParam("causal"));
  auto evenly = [](int64_t count, int64_t stride) {
    return offsetsOf({count}, {stride});
  };
  auto rowsD = evenly(m, d), keysD = evenly(n, d), innerD = evenly(d, 1);
  auto rowsN = evenly(m, n), innerN = evenly(n, 1);
  auto rowsE = evenly(m, e), valuesN = evenly(n, e), colsE = evenly(e, 1);
  std::vector<double> scores(m * n);
  Scalars mixed(query.type, batches * m * e);
  for (int64_t b = 0; b < batches; ++b) {
    Gemm<double> product{{query.data<double>() + b * m * d, rowsD, innerD},
                         {key.data<double>() + b * n * d, keysD, innerD},
                         {scores.data(), rowsN, innerN}};
    runGemms(ArrayRef<Gemm<double>>(product));
    for (int64_t i = 0; i < m * n; ++i) {
      scores[i] *= scale;
      if (masked)
        scores[i] += mask.data<double>()[b * m * n + i];
      if (causal && i % n > i / n)
        scores[i] = -HUGE_VAL;
    }
    for (int64_t row = 0; row < m; ++row)
      softmaxRow(scores.data() + row * n, n, /*log=*/false);
    Gemm<double> mix{{scores.data(), rowsN, innerN},
                     {value.data<double>() + b * n * e, colsE, valuesN},
                     {mixed.data<double>() + b * m * e, rowsE, colsE}};
    runGemms(ArrayRef<Gemm<double>>(mix));
  }
  roundResults(mixed.type, mixed.data<double>(), batches * m * e);
  rootResults.push_back(std::move(mixed));
}

void DispatchEvaluation::sampleGrid() {
  const Tensor &in = inputs[0];
  Sampler sampler{cast<SampleModeAttr>(op.getRootParam("mode")).getValue(),
                  cast<BorderModeAttr>(op.getRootParam("border")).getValue(),
                  bool(op.getRootParam("align_corners"))};
  Unsigneds all(parallel);
  all.append(reduction);
  ArrayRef<int64_t> spatial = in.shape().drop_front(2);
  int64_t plane = pointCount(spatial), axes = spatial.size();
  Type type = op.getEpilogueBlock().getArgument(0).getType();
  Scalars sampled(type, points(parallel));
  FailureOr<Payload> none = Payload::prepare(op.getPrologueBlock(), {});
  Lanes grid;
  grid.floats.resize(points(all));
  Type gridType = inputs[1].element();
  forEachChunk(all, 1, *none,
               [&](int64_t first, const Points &points, Payload::Registers &) {
                 Lanes lanes;
                 lanes.floats.resize(points.count);
                 readLoad(1, gridType, points, lanes);
                 for (int64_t i = 0; i < points.count; ++i)
                   grid.floats[first + i] =
                       roundToElement(gridType, lanes.floats[i]);
               });
  // The first two coordinates of the input's access choose the plane.
  forEachChunk(
      parallel, 1, *none,
      [&](int64_t first, const Points &points, Payload::Registers &) {
        std::vector<int64_t> n(points.count), c(points.count);
        loads[0].coordinates(0, points, n.data());
        loads[0].coordinates(1, points, c.data());
        for (int64_t i = 0; i < points.count; ++i)
          sampled.lanes.floats[first + i] = sampler.sample(
              in.data<double>() + (n[i] * in.shape()[1] + c[i]) * plane,
              spatial,
              ArrayRef<double>(grid.floats).slice((first + i) * axes, axes));
      });
  roundResults(type, sampled.data<double>(), points(parallel));
  rootResults.push_back(std::move(sampled));
}
