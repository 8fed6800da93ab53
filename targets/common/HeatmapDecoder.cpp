// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/HeatmapDecoder.h"

#include "dialects/visir/Heatmap.h"
#include "targets/common/Combine.h"
#include "targets/common/math/FloatBuilder.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>
#include <map>

using namespace mlir;
using namespace visir;

namespace {

/// A column or row near the peak, moved to the nearest one inside of the map.
struct Line {
  Value at;
  Value inside; ///< i1: it was not moved; null for always
};

/// Refines one peak; offsets are in pixels.
struct Refinement {
  FloatBuilder f;
  DictionaryAttr decode;
  const HeatmapPeak &peak;
  int64_t height, width;
  std::map<int64_t, Line> columns, rows;

  using Offset = std::pair<Value, Value>;

  double number(StringRef name) {
    return cast<FloatAttr>(decode.get(name)).getValueAsDouble();
  }
  int64_t whole(StringRef name) {
    return cast<IntegerAttr>(decode.get(name)).getInt();
  }
  Value index(int64_t value) { return f.make<arith::ConstantIndexOp>(value); }
  Line line(Value center, int64_t offset, int64_t extent);
  const Line &column(int64_t i);
  const Line &row(int64_t j);
  Value cell(int64_t i, int64_t j);
  Value logarithmic(Value c);
  Value difference(int64_t i, int64_t j);
  Value sign(Value x);
  Value isInterior();
  Offset step();
  Offset taylor();
  Offset softmax();
  Offset weighWithVectors(ArrayRef<Value> cells, int64_t reach);
  Value sumOf(ArrayRef<Value> values);
  Value collapse(Value vector, Combiner combiner);
};

} // namespace

Line Refinement::line(Value center, int64_t offset, int64_t extent) {
  if (offset == 0)
    return {center, Value()};
  Value at = f.make<arith::AddIOp>(center, index(offset));
  Value last = index(extent - 1);
  Value moved = offset < 0 ? f.make<arith::MaxSIOp>(at, index(0))
                           : f.make<arith::MinSIOp>(at, last);
  return {moved, f.make<arith::CmpIOp>(arith::CmpIPredicate::eq, moved, at)};
}

const Line &Refinement::column(int64_t i) {
  auto [it, isNew] = columns.try_emplace(i);
  if (isNew)
    it->second = line(peak.u, i, width);
  return it->second;
}

const Line &Refinement::row(int64_t j) {
  auto [it, isNew] = rows.try_emplace(j);
  if (isNew)
    it->second = line(peak.v, j, height);
  return it->second;
}

/// c(i, j) with the nearest element for what is outside.
Value Refinement::cell(int64_t i, int64_t j) {
  return peak.value(row(j).at, column(i).at);
}

Value Refinement::logarithmic(Value c) {
  if (!decode.get("log_floor"))
    return c;
  Value floor = f.c(number("log_floor"));
  return f.make<math::LogOp>(f.select(f.less(c, floor), floor, c));
}

/// c(i, j) - c(-i, -j)
Value Refinement::difference(int64_t i, int64_t j) {
  return f.sub(logarithmic(cell(i, j)), logarithmic(cell(-i, -j)));
}

Value Refinement::sign(Value x) {
  Value below = f.select(f.less(x, f.c(0)), f.c(-1), f.c(0));
  return f.select(f.less(f.c(0), x), f.c(1), below);
}

/// Whether the peak is as far from the borders as `margin` says.
Value Refinement::isInterior() {
  int64_t margin = whole("margin");
  Value result;
  for (auto [at, extent] :
       {std::pair(peak.u, width), std::pair(peak.v, height)}) {
    // Below the margin, the difference wraps around.
    Value room = f.make<arith::SubIOp>(at, index(margin));
    Value inside =
        f.make<arith::CmpIOp>(arith::CmpIPredicate::ult, room,
                              index(std::max<int64_t>(extent - 2 * margin, 0)));
    result = result ? f.make<arith::AndIOp>(result, inside) : inside;
  }
  return result;
}

Refinement::Offset Refinement::step() {
  Value inside = isInterior(), scale = f.c(number("scale"));
  auto along = [&](int64_t i, int64_t j) {
    Value d = f.sub(cell(i, j), cell(-i, -j));
    return f.select(inside, f.mul(scale, sign(d)), f.c(0));
  };
  return {along(1, 0), along(0, 1)};
}

Refinement::Offset Refinement::taylor() {
  Value inside = isInterior();
  Value half = f.c(0.5), quarter = f.c(0.25);
  Value center = f.mul(f.c(2), logarithmic(cell(0, 0)));
  auto both = [&](int64_t i, int64_t j) {
    return f.add(logarithmic(cell(i, j)), logarithmic(cell(-i, -j)));
  };
  auto second = [&](int64_t i, int64_t j) {
    return f.mul(quarter, f.sub(both(i, j), center));
  };
  Value gx = f.mul(half, difference(1, 0));
  Value gy = f.mul(half, difference(0, 1));
  Value gxx = second(2, 0), gyy = second(0, 2);
  Value gxy = f.mul(quarter, f.sub(both(1, 1), both(1, -1)));
  Value determinant = f.sub(f.mul(gxx, gyy), f.mul(gxy, gxy));
  Value regular =
      f.make<arith::CmpFOp>(arith::CmpFPredicate::UNE, determinant, f.c(0));
  Value moves = f.make<arith::AndIOp>(inside, regular);
  auto solve = [&](Value a, Value x, Value y) {
    Value product = f.sub(f.mul(gxy, y), f.mul(a, x));
    return f.select(moves, f.div(product, determinant), f.c(0));
  };
  return {solve(gyy, gx, gy), solve(gxx, gy, gx)};
}

Value Refinement::sumOf(ArrayRef<Value> values) {
  Value sum = values.front();
  for (Value value : values.drop_front())
    sum = f.add(sum, value);
  return sum;
}

/// All lanes as one value, halving them each time.
Value Refinement::collapse(Value vector, Combiner combiner) {
  int64_t count = cast<VectorType>(vector.getType()).getNumElements() / 2;
  for (; count > 0; count /= 2) {
    auto half = [&](int64_t from) -> Value {
      if (count == 1)
        return f.make<vector::ExtractOp>(vector, from);
      return f.make<vector::ExtractStridedSliceOp>(
          vector, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{count},
          ArrayRef<int64_t>{1});
    };
    vector = emitCombine(f.b, f.loc, combiner, half(0), half(count));
  }
  return vector;
}

/// The same as below for 16 elements of the window at once.
Refinement::Offset Refinement::weighWithVectors(ArrayRef<Value> cells,
                                                int64_t reach) {
  constexpr int64_t kLanes = 16;
  int64_t window = 2 * reach + 1, count = cells.size();
  FloatBuilder many(f.b, f.loc, VectorType::get(kLanes, f.type), f.traits);
  SmallVector<Value> scaled;
  Value largest;
  for (int64_t first = 0; first < count; first += kLanes) {
    Value vector = many.c(-std::numeric_limits<double>::infinity());
    for (int64_t l = 0; l < std::min(kLanes, count - first); ++l)
      vector = f.make<vector::InsertOp>(cells[first + l], vector, l);
    scaled.push_back(vector);
    largest = largest ? emitCombine(f.b, f.loc, Combiner::Max, largest, vector)
                      : vector;
  }
  largest = toLanes(f.b, f.loc, collapse(largest, Combiner::Max), kLanes);
  SmallVector<Value> sums(3);
  for (auto [number, vector] : llvm::enumerate(scaled)) {
    Value weight = many.make<math::ExpOp>(many.sub(vector, largest));
    SmallVector<double> along[2];
    for (int64_t l = 0; l < kLanes; ++l) {
      int64_t i = std::min(int64_t(number) * kLanes + l, count - 1);
      along[0].push_back(double(i % window - reach));
      along[1].push_back(double(i / window - reach));
    }
    for (unsigned k = 0; k < 3; ++k) {
      Value part = weight;
      if (k > 0) {
        SmallVector<Attribute> offsets;
        for (double offset : along[k - 1])
          offsets.push_back(f.b.getFloatAttr(f.type, offset));
        auto type = cast<VectorType>(many.type);
        Value factors = many.make<arith::ConstantOp>(
            type, DenseElementsAttr::get(type, offsets));
        part = many.mul(weight, factors);
      }
      sums[k] = sums[k] ? many.add(sums[k], part) : part;
    }
  }
  Value total = collapse(sums[0], Combiner::Sum);
  return {f.div(collapse(sums[1], Combiner::Sum), total),
          f.div(collapse(sums[2], Combiner::Sum), total)};
}

Refinement::Offset Refinement::softmax() {
  int64_t reach = whole("window") / 2;
  Value scale = f.c(number("scale")), fill = f.c(number("fill"));
  bool clamps = bool(decode.get("clamp"));
  SmallVector<Value> cells;
  for (int64_t j = -reach; j <= reach; ++j)
    for (int64_t i = -reach; i <= reach; ++i) {
      Value c = cell(i, j);
      for (Value inside : {row(j).inside, column(i).inside})
        if (inside && !clamps)
          c = f.select(inside, c, fill);
      cells.push_back(f.mul(c, scale));
    }
  if (peak.vectors)
    return weighWithVectors(cells, reach);
  Value largest = cells.front();
  for (Value c : ArrayRef(cells).drop_front())
    largest = f.select(f.less(largest, c), c, largest);
  SmallVector<Value> weights, alongX, alongY;
  int64_t window = 2 * reach + 1;
  for (auto [number, c] : llvm::enumerate(cells)) {
    Value weight = f.make<math::ExpOp>(f.sub(c, largest));
    weights.push_back(weight);
    alongX.push_back(
        f.mul(weight, f.c(double(int64_t(number) % window - reach))));
    alongY.push_back(
        f.mul(weight, f.c(double(int64_t(number) / window - reach))));
  }
  Value total = sumOf(weights);
  return {f.div(sumOf(alongX), total), f.div(sumOf(alongY), total)};
}

std::pair<Value, Value> visir::emitHeatmapPeak(OpBuilder &b, DispatchOp op,
                                               const HeatmapPeak &peak) {
  FloatBuilder f(b, op.getLoc(), peak.type, MathTraits());
  ArrayRef<int64_t> extents = op.getExtents();
  Refinement refinement{
      f, decodeOf(op), peak, extents[extents.size() - 2], extents.back(), {},
      {}};
  auto real = [&](Value whole) -> Value {
    Value integer = f.make<arith::IndexCastOp>(b.getI32Type(), whole);
    return f.make<arith::SIToFPOp>(peak.type, integer);
  };
  Value x = real(peak.u), y = real(peak.v);
  Refinement::Offset offset;
  switch (decodeKindOf(decodeOf(op))) {
  case DecodeKind::None:
    return {x, y};
  case DecodeKind::Step:
    offset = refinement.step();
    break;
  case DecodeKind::Softmax:
    offset = refinement.softmax();
    break;
  case DecodeKind::Taylor:
    offset = refinement.taylor();
    break;
  }
  return {f.add(x, offset.first), f.add(y, offset.second)};
}
