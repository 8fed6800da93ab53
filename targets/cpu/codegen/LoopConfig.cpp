// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/LoopConfig.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Heatmap.h"
#include "targets/cpu/codegen/dispatch/Transpose.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// A tile is worth about this much work, so that handing it out costs little.
static constexpr double kTileNanoseconds = 6000;
/// One vector of a block that is turned in registers, with its load.
static constexpr double kTurnCost = 1.6;
/// More tiles than this balance no better.
static constexpr double kMostTiles = 128;

DictionaryAttr LoopConfig::toAttr(MLIRContext *context) const {
  Builder b(context);
  SmallVector<int64_t> dims(order.begin(), order.end());
  return b.getDictionaryAttr(
      {b.getNamedAttr("order", b.getDenseI64ArrayAttr(dims)),
       b.getNamedAttr("lanes", b.getI64IntegerAttr(lanes)),
       b.getNamedAttr("along_reduction", b.getBoolAttr(alongReduction)),
       b.getNamedAttr("transposes", b.getBoolAttr(transposes)),
       b.getNamedAttr("tile_points", b.getI64IntegerAttr(tilePoints))});
}

FailureOr<LoopConfig> cpu::readLoopConfig(DispatchOp op) {
  DictionaryAttr dict = op.getConfigAttr();
  auto invalid = [&](const Twine &what) {
    return op.emitError() << "config " << what;
  };
  if (!dict)
    return invalid("is missing");
  auto order = dict.getAs<DenseI64ArrayAttr>("order");
  auto lanes = dict.getAs<IntegerAttr>("lanes");
  auto along = dict.getAs<BoolAttr>("along_reduction");
  auto transposes = dict.getAs<BoolAttr>("transposes");
  auto points = dict.getAs<IntegerAttr>("tile_points");
  if (!order || !lanes || !along || !transposes || !points)
    return invalid("lacks order, lanes, along_reduction, transposes or "
                   "tile_points");
  unsigned rank = op.getDomainRank(), parallel = op.getParallelRank();
  SmallVector<bool> seen(rank);
  if (order.size() != int64_t(rank))
    return invalid("order has " + Twine(order.size()) +
                   " dimensions, expected " + Twine(rank));
  LoopConfig config;
  for (auto [i, dim] : llvm::enumerate(order.asArrayRef())) {
    if (dim < 0 || dim >= int64_t(rank) || seen[dim] ||
        (i < parallel) != (dim < int64_t(parallel)))
      return invalid("order is not a permutation, parallel dimensions first");
    seen[dim] = true;
    config.order.push_back(dim);
  }
  config.lanes = lanes.getInt();
  config.alongReduction = along.getValue();
  config.transposes = transposes.getValue();
  config.tilePoints = points.getInt();
  if (lanes.getInt() < 0 || lanes.getInt() > 64 ||
      (config.lanes & (config.lanes - 1)) != 0)
    return invalid("lanes is " + Twine(lanes.getInt()) +
                   ", expected 0 or a power of 2 up to 64");
  if (config.transposes && (config.lanes < 4 || parallel < 2))
    return invalid("transposes, expected 4 lanes and 2 dimensions at least");
  if (config.tilePoints < 1)
    return invalid("tile_points is " + Twine(config.tilePoints) +
                   ", expected at least 1");
  return config;
}

/// Nanoseconds of one payload op on one vector or scalar, roughly.
static double opCost(Operation &op) {
  if (isa<math::MathDialect>(op.getDialect()) &&
      !isa<math::AbsFOp, math::FmaOp, math::CopySignOp, math::FloorOp,
           math::CeilOp, math::RoundEvenOp, math::TruncOp>(op))
    return isa<math::SqrtOp, math::RsqrtOp>(op) ? 3 : 8;
  return op.getName().getStringRef() == "arith.divf" ? 2 : 0.3;
}

static double payloadCost(DispatchOp op) {
  double cost = 0;
  for (Block *block : {&op.getPrologueBlock(), &op.getEpilogueBlock()})
    for (Operation &payloadOp : block->without_terminator())
      cost += opCost(payloadOp);
  return cost;
}

/// Loads that payloads or accesses ask for.
static SmallVector<bool> usedLoads(DispatchOp op, const Nest &nest) {
  unsigned roots = op.getRootResultCount();
  SmallVector<bool> used(nest.loads.size());
  for (unsigned i = 0; i < used.size(); ++i)
    used[i] = !op.getPrologueBlock().getArgument(i).use_empty() ||
              !op.getEpilogueBlock().getArgument(roots + i).use_empty() ||
              op.getKind() == RootKind::GridSample;
  auto mark = [&](const NestAccess &access) {
    for (const Coordinate &c : access.indexed)
      used[c.indexLoad] = true;
  };
  for (unsigned i = 0; i < used.size(); ++i)
    if (used[i])
      mark(nest.loads[i]);
  for (const NestAccess &store : nest.stores)
    mark(store);
  return used;
}

namespace {

/// Cost of one point when the lanes run along `dim`.
struct LaneCost {
  DispatchOp op;
  const Nest &nest;
  SmallVector<bool> used;
  double payload;

  double access(const NestAccess &a, unsigned dim, unsigned lanes) const {
    // What one vector of lanes costs in nanoseconds: one access or one for
    // each lane; a checked lane also costs its tests.
    bool fixed = !a.dependsOn(dim);
    for (const Coordinate &c : a.indexed)
      fixed &= !nest.loads[c.indexLoad].dependsOn(dim);
    double checks = 0.5 * a.checks.size() + 1.0 * a.indexed.size();
    if (fixed || Point::isUnit(a, nest, dim))
      return 0.4 + checks;
    return lanes * (0.5 + checks);
  }

  /// Cost of one point when blocks are turned from lanes along `rows` to
  /// lanes along `dim`; what is not in a whole block costs as scalar code.
  double transposed(unsigned rows, unsigned dim, unsigned lanes) const {
    double block = payload, point = payload;
    for (auto [i, load] : llvm::enumerate(nest.loads)) {
      if (!used[i])
        continue;
      point += access(load, dim, 1);
      block += isTransposed(load, rows, dim) ? kTurnCost
                                             : access(load, dim, lanes);
    }
    for (const NestAccess &store : nest.stores) {
      point += access(store, dim, 1) * 1.2;
      block += access(store, dim, lanes) * 1.2;
    }
    auto inside = [&](unsigned d) {
      int64_t extent = nest.dims[d].extent;
      return double(extent / lanes * lanes) / extent;
    };
    double share = inside(rows) * inside(dim);
    return share * block / lanes + (1 - share) * point;
  }

  /// Points for each of which the access is made once.
  double pointsPer(const NestAccess &store) const {
    for (unsigned dim = 0; dim < nest.dims.size(); ++dim)
      if (nest.dims[dim].reduction && store.dependsOn(dim))
        return 1;
    return double(std::max<int64_t>(nest.reductionPoints(), 1));
  }

  double perPoint(unsigned dim, unsigned lanes) const {
    double cost = payload;
    for (auto [i, load] : llvm::enumerate(nest.loads))
      if (used[i])
        cost += access(load, dim, lanes);
    for (const NestAccess &store : nest.stores)
      if (!nest.dims[dim].reduction || store.dependsOn(dim))
        cost += access(store, dim, lanes) * 1.2 / pointsPer(store);
    int64_t extent = nest.dims[dim].extent;
    return cost * llvm::divideCeil(extent, lanes) / extent;
  }
};

} // namespace

/// Lanes that suit the widest element which takes part.
static unsigned chooseLanes(DispatchOp op, const CpuSpec &spec) {
  bool wide = false;
  for (Type type : op->getResultTypes())
    wide |= elementBytes(getElementTypeOrSelf(type)) == 8;
  return spec.lanes(wide ? 8 : 4);
}

/// Whether lanes may run along the reduction dimensions.
static bool canRunAlongReduction(DispatchOp op) {
  RootKind kind = op.getKind();
  return decodeOf(op) || kind == RootKind::Reduce ||
         kind == RootKind::Softmax || kind == RootKind::Norm ||
         kind == RootKind::Contract;
}

/// Whether the root has vector code at all.
static bool hasVectorCode(DispatchOp op) {
  RootKind kind = op.getKind();
  return kind == RootKind::Map || kind == RootKind::ArgReduce ||
         kind == RootKind::Scan || kind == RootKind::Scatter ||
         canRunAlongReduction(op);
}

/// Whether the order of the root's own dimensions has a meaning.
static bool isOrdered(RootKind kind) {
  return kind == RootKind::ArgReduce || kind == RootKind::Scan ||
         kind == RootKind::TopK || kind == RootKind::Scatter ||
         kind == RootKind::GridSample;
}

/// Dimensions from the largest stride of the given access to the smallest,
/// parallel ones first, `last` at the end of its kind. Those of a kind that
/// is `ordered` stay as they are.
static SmallVector<unsigned> orderOf(const Nest &nest, DispatchOp op,
                                     int last, int beforeLast) {
  RootKind kind = op.getKind();
  SmallVector<unsigned> order;
  bool keepAll = kind == RootKind::Scatter || kind == RootKind::GridSample ||
                 decodeOf(op);
  for (unsigned dim = 0; dim < nest.dims.size(); ++dim)
    order.push_back(dim);
  auto stride = [&](unsigned dim) {
    const std::vector<NestAccess> &list =
        nest.dims[dim].reduction || nest.stores.empty() ? nest.loads
                                                        : nest.stores;
    int64_t largest = 0;
    for (const NestAccess &access : list)
      largest = std::max(largest, std::abs(access.address.factors[dim]));
    return largest;
  };
  llvm::sort(order, [&](unsigned x, unsigned y) {
    if (nest.dims[x].reduction != nest.dims[y].reduction)
      return !nest.dims[x].reduction;
    if (keepAll || (isOrdered(kind) && nest.dims[x].reduction))
      return x < y;
    for (int fixed : {last, beforeLast})
      if (int(x) == fixed || int(y) == fixed)
        return int(y) == fixed && int(x) != fixed;
    return std::make_pair(-stride(x), x) < std::make_pair(-stride(y), y);
  });
  return order;
}

/// Tries blocks of up to `lanes` squared; gives the better of their cost and
/// `best`, and in the first case sets the lanes and the two dimensions.
static double chooseTransposition(const LaneCost &model, unsigned lanes,
                                  double best, LoopConfig &config,
                                  int &laneDim, int &rowDim) {
  const Nest &nest = model.nest;
  for (unsigned rows = 0; rows < nest.dims.size(); ++rows)
    for (unsigned dim = 0; dim < nest.dims.size(); ++dim)
      for (unsigned block = lanes; block >= 4; block /= 2) {
        bool any = false;
        for (auto [i, load] : llvm::enumerate(nest.loads))
          any |= model.used[i] && isTransposed(load, rows, dim);
        if (!any || rows == dim || nest.dims[rows].extent < block ||
            nest.dims[dim].extent < block)
          continue;
        double cost = model.transposed(rows, dim, block);
        if (cost >= best)
          continue;
        best = cost;
        config.lanes = block;
        config.transposes = true;
        laneDim = dim;
        rowDim = rows;
      }
  return best;
}

LoopConfig cpu::chooseLoopConfig(DispatchOp op, const Nest &nest,
                                 const CpuSpec &spec) {
  LaneCost model{op, nest, usedLoads(op, nest), payloadCost(op)};
  LoopConfig config;
  int bestDim = -1;
  // Scalar code: every access costs its own.
  double best = nest.dims.empty() ? 1 : model.perPoint(0, 1);
  for (unsigned dim = 0; dim < nest.dims.size(); ++dim)
    if (nest.dims[dim].extent > 0)
      best = std::max(best, model.perPoint(dim, 1));
  unsigned lanes = chooseLanes(op, spec);
  for (unsigned dim = 0; dim < nest.dims.size(); ++dim) {
    bool reduction = nest.dims[dim].reduction;
    if (!hasVectorCode(op) || nest.dims[dim].extent < 2 ||
        (reduction && !canRunAlongReduction(op)))
      continue;
    // Updates keep their order: only neighbours of the innermost dimension
    // come at once, and never to one element.
    if (op.getKind() == RootKind::Scatter &&
        (dim + 1 != nest.dims.size() ||
         !Point::isUnit(nest.stores[0], nest, dim)))
      continue;
    double cost = model.perPoint(dim, lanes);
    // Lanes along a reduction end in a sum across lanes.
    if (reduction)
      cost += 4.0 / nest.reductionPoints();
    if (cost >= best)
      continue;
    best = cost;
    bestDim = dim;
    config.alongReduction = reduction;
  }
  config.lanes = bestDim < 0 ? 0 : lanes;
  int rows = -1;
  if (op.getKind() == RootKind::Map)
    best = chooseTransposition(model, lanes, best, config, bestDim, rows);
  config.order = orderOf(nest, op, bestDim, rows);
  double points = double(nest.parallelPoints()) * nest.reductionPoints();
  double tile = std::max(kTileNanoseconds, points * best / kMostTiles);
  config.tilePoints = std::max<int64_t>(1, tile / best);
  return config;
}

double cpu::loopNanoseconds(DispatchOp op, const Nest &nest,
                            const LoopConfig &config) {
  double points = double(nest.parallelPoints()) * nest.reductionPoints();
  if (nest.dims.empty() || points == 0)
    return points;
  LaneCost model{op, nest, usedLoads(op, nest), payloadCost(op)};
  unsigned last = nest.dims.size() - 1;
  if (config.transposes)
    return points * model.transposed(last - 1, last, config.lanes);
  unsigned dim = config.alongReduction ? last : nest.parallelRank() - 1;
  return points * model.perPoint(dim, std::max(config.lanes, 1u));
}
