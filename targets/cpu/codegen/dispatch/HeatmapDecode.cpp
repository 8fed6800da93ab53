// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Peaks of heatmaps: one pass over each map keeps, for every lane, the largest
// element so far and where it was; what surrounds the peak is read after it.
#include "targets/cpu/codegen/dispatch/HeatmapDecode.h"

#include "targets/common/HeatmapDecoder.h"
#include "targets/cpu/codegen/dispatch/Emitters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Independent chains of maxima, which hide the latency of a comparison.
static constexpr int64_t kChains = 8;

namespace {

/// A run of columns whose lanes keep their own maxima.
struct Chain {
  int64_t start; ///< first column; the first of a group when there are many
  Lanes lanes;
};

/// The largest elements so far and their numbers in the map (i32).
struct Best {
  Value element, number;
};

struct PeakSearch {
  KernelBuilder &kb;
  const Nest &nest;
  SmallVectorImpl<Value> &index;
  unsigned row, column, width; ///< dimensions, and lanes of a whole vector
  SmallVector<Chain> chains;
  int64_t grouped = 0; ///< columns that whole groups of chains cover

  template <typename Op, typename... Args> Value make(Args... args) {
    return Op::create(kb.b, kb.loc, args...);
  }
  Value heatmap(Lanes lanes) {
    Value x = Point(kb, nest, index, lanes).prologue()[0];
    return toLanes(kb.b, kb.loc, x, lanes.count);
  }
  Value asNumber(Value position) {
    return make<arith::IndexCastOp>(kb.b.getI32Type(), position);
  }
  void plan();
  void step(const Chain &chain, Value start, Value *running);
  SmallVector<Value> initial(Type element);
  SmallVector<Value> overRow(ValueRange running);
  Best better(Best a, Best b);
  Best collapse(const Chain &chain, Best best);
  Best search();
};

} // namespace

/// Groups of `kChains` vectors, then the vectors left over and pieces of one.
void PeakSearch::plan() {
  int64_t extent = nest.dims[column].extent, step = std::max(width, 1u);
  int64_t vectors = extent / step;
  if (vectors > kChains)
    grouped = vectors / kChains * kChains * step;
  for (int64_t i = 0; i < std::min(vectors, kChains); ++i)
    chains.push_back({i * step, Lanes{width, column, Value()}});
  int64_t start = vectors * step;
  for (auto [lanes, active] :
       tailPieces(extent - start, step, kb.spec.maskedMemory)) {
    Lanes piece{lanes > 1 ? lanes : 0, column, makeMask(kb, lanes, active)};
    chains.push_back({start, piece});
    start += active;
  }
}

SmallVector<Value> PeakSearch::initial(Type element) {
  SmallVector<Value> values;
  for (const Chain &chain : chains) {
    unsigned lanes = chain.lanes.count;
    values.push_back(makeConstant(kb.b, kb.loc, vectorOrScalar(element, lanes),
                                  -std::numeric_limits<double>::infinity()));
    values.push_back(makeConstant(kb.b, kb.loc,
                                  vectorOrScalar(kb.b.getI32Type(), lanes), 0));
  }
  return values;
}

/// Takes the columns from `start` on into a chain's element and number.
void PeakSearch::step(const Chain &chain, Value start, Value *running) {
  index[column] = start;
  Value x = heatmap(chain.lanes);
  Value larger = make<arith::CmpFOp>(arith::CmpFPredicate::OGT, x, running[0]);
  if (chain.lanes.mask)
    larger = make<arith::AndIOp>(larger, chain.lanes.mask);
  Value before =
      make<arith::MulIOp>(index[row], kb.index(nest.dims[column].extent));
  Value number = asNumber(make<arith::AddIOp>(before, start));
  number = toLanes(kb.b, kb.loc, number, chain.lanes.count);
  running[0] = make<arith::SelectOp>(larger, x, running[0]);
  running[1] = make<arith::SelectOp>(larger, number, running[1]);
}

SmallVector<Value> PeakSearch::overRow(ValueRange running) {
  SmallVector<Value> values(running);
  int64_t stride = std::max(width, 1u);
  if (grouped > 0)
    values = emitForCarrying(
        kb, kb.index(0), kb.index(grouped), kChains * stride, values,
        [&](Value start, ValueRange old) {
          SmallVector<Value> next(old);
          for (int64_t i = 0; i < kChains; ++i)
            step(chains[i], make<arith::AddIOp>(start, kb.index(i * stride)),
                 &next[2 * i]);
          return next;
        });
  for (auto [i, chain] : llvm::enumerate(chains)) {
    bool whole = chain.lanes.count == width && !chain.lanes.mask;
    int64_t start = chain.start + (whole ? grouped : 0);
    if (start + int64_t(std::max(chain.lanes.count, 1u)) <=
            nest.dims[column].extent ||
        !whole)
      step(chain, kb.index(start), &values[2 * i]);
  }
  return values;
}

/// The larger of two; of equals the one that comes first.
Best PeakSearch::better(Best a, Best b) {
  Value larger =
      make<arith::CmpFOp>(arith::CmpFPredicate::OGT, b.element, a.element);
  Value equal =
      make<arith::CmpFOp>(arith::CmpFPredicate::OEQ, b.element, a.element);
  Value earlier =
      make<arith::CmpIOp>(arith::CmpIPredicate::slt, b.number, a.number);
  Value take = make<arith::OrIOp>(larger, make<arith::AndIOp>(equal, earlier));
  return {make<arith::SelectOp>(take, b.element, a.element),
          make<arith::SelectOp>(take, b.number, a.number)};
}

/// The best of a chain's lanes, whose numbers so far are those of lane 0.
Best PeakSearch::collapse(const Chain &chain, Best best) {
  int64_t count = chain.lanes.count;
  if (count == 0)
    return best;
  SmallVector<int32_t> offsets;
  for (int64_t l = 0; l < count; ++l)
    offsets.push_back(int32_t(l));
  auto type = VectorType::get(count, kb.b.getI32Type());
  Value lanes = make<arith::ConstantOp>(
      type, DenseElementsAttr::get(type, ArrayRef(offsets)));
  best.number = make<arith::AddIOp>(best.number, lanes);
  for (count /= 2; count > 0; count /= 2) {
    auto half = [&](Value vector, int64_t from) -> Value {
      if (count == 1)
        return make<vector::ExtractOp>(vector, from);
      return make<vector::ExtractStridedSliceOp>(
          vector, ArrayRef<int64_t>{from}, ArrayRef<int64_t>{count},
          ArrayRef<int64_t>{1});
    };
    best = better({half(best.element, 0), half(best.number, 0)},
                  {half(best.element, count), half(best.number, count)});
  }
  return best;
}

Best PeakSearch::search() {
  plan();
  index[row] = index[column] = kb.index(0);
  Value first = heatmap(Lanes());
  SmallVector<Value> found = emitForCarrying(
      kb, kb.index(0), kb.index(nest.dims[row].extent), 1,
      initial(first.getType()), [&](Value i, ValueRange running) {
        index[row] = i;
        return overRow(running);
      });
  Best best;
  for (auto [i, chain] : llvm::enumerate(chains)) {
    Best part = collapse(chain, {found[2 * i], found[2 * i + 1]});
    best = best.element ? better(best, part) : part;
  }
  // Nothing is larger than a NaN that comes first.
  Value stuck = make<arith::CmpFOp>(arith::CmpFPredicate::UNO, first, first);
  Value zero = makeConstant(kb.b, kb.loc, kb.b.getI32Type(), 0);
  best.number = make<arith::SelectOp>(stuck, zero, best.number);
  return best;
}

FailureOr<KernelInfo> cpu::emitHeatmapDecode(KernelBuilder &kb) {
  // Rows and columns stay apart: no joining of dimensions.
  FailureOr<Nest> nest = buildNest(kb.op);
  FailureOr<LoopConfig> config = readLoopConfig(kb.op);
  if (failed(nest) || failed(config))
    return failure();
  unsigned depth = nest->parallelRank();
  TileSplit tiles =
      planTiles(*nest, depth, nest->reductionPoints(), config->tilePoints);
  SmallVector<Value> index(nest->dims.size());
  unsigned width = config->alongReduction ? config->lanes : 0;
  emitTiles(kb, *nest, tiles, depth, index, [&](Value, Value) {
    PeakSearch search{kb, *nest, index, depth, depth + 1, width, {}};
    Best best = search.search();
    Value number = arith::IndexCastOp::create(kb.b, kb.loc, kb.b.getIndexType(),
                                              best.number);
    Value columns = kb.index(nest->dims[depth + 1].extent);
    Value v = arith::DivUIOp::create(kb.b, kb.loc, number, columns);
    Value u = arith::RemUIOp::create(kb.b, kb.loc, number, columns);
    auto at = [&](Value row, Value column) {
      index[depth] = row;
      index[depth + 1] = column;
      return Point(kb, *nest, index).prologue();
    };
    auto value = [&](Value row, Value column) { return at(row, column)[1]; };
    Value score = at(v, u)[0];
    HeatmapPeak peak{u, v, value, score.getType(), /*vectors=*/width > 1};
    auto [x, y] = emitHeatmapPeak(kb.b, kb.op, peak);
    index[depth] = index[depth + 1] = kb.index(0);
    Point(kb, *nest, index).epilogue({x, y, score});
  });
  return kb.finish(tiles.count,
                   double(nest->parallelPoints()) * nest->reductionPoints());
}
