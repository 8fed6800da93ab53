// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/tiled/Window.h"

#include "compiler/analysis/DispatchForm.h"
#include "targets/common/scalar/Order.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

using namespace mlir;
using namespace visir;
using namespace visir::tiled;

SmallVector<WindowAxis::Position>
WindowAxis::positions(int64_t ofTaps) const {
  SmallVector<Position> found;
  for (int64_t result = 0; result < results; ++result)
    for (int64_t tap = 0; tap < ofTaps; ++tap) {
      Position position{result, tap, result * stride + tap * dilation};
      if (llvm::none_of(found, [&](const Position &other) {
            return other.at == position.at;
          }))
        found.push_back(position);
    }
  llvm::stable_sort(found, [](const Position &a, const Position &b) {
    return a.at < b.at;
  });
  return found;
}

int64_t WindowPlan::threadsAlong(unsigned dim) const {
  int64_t extent = nest.dims[dim].extent;
  for (const WindowAxis &axis : axes)
    if (axis.place == dim)
      return llvm::divideCeil(extent, axis.results);
  return dim + 1 == nest.parallelRank() ? extent / neighbours : extent;
}

int64_t WindowPlan::threadCount() const {
  int64_t count = 1;
  for (unsigned dim = 0; dim < nest.parallelRank(); ++dim)
    count *= threadsAlong(dim);
  return count;
}

namespace {

/// One factor of the product.
class Factor {
public:
  Factor(DispatchOp op, const Nest &nest, unsigned yielded)
      : nest(nest),
        loads(loadsBehind(
            op.getPrologueBlock().getTerminator()->getOperand(yielded))) {}

  bool dependsOn(unsigned dim) const {
    return llvm::any_of(loads, [&](unsigned load) {
      return nest.loads[load].dependsOn(dim);
    });
  }
  bool hasIndices() const {
    return llvm::any_of(loads, [&](unsigned load) {
      return !nest.loads[load].indexed.empty();
    });
  }
  template <typename F> bool allExprs(F holds) const {
    return llvm::all_of(loads, [&](unsigned load) {
      const NestAccess &access = nest.loads[load];
      return holds(access.address) &&
             llvm::all_of(access.checks,
                          [&](const Coordinate &c) { return holds(c.expr); });
    });
  }
  template <typename F> bool allAddresses(F holds) const {
    return llvm::all_of(loads, [&](unsigned load) {
      return holds(nest.loads[load].address);
    });
  }
  template <typename F> bool allChecks(F holds) const {
    return llvm::all_of(loads, [&](unsigned load) {
      return llvm::all_of(nest.loads[load].checks, [&](const Coordinate &c) {
        return holds(c.expr);
      });
    });
  }

private:
  const Nest &nest;
  SmallVector<unsigned> loads;
};

/// The axis of a place and a tap, if all that is read moves with them in one
/// ratio and windows of neighbours overlap.
std::optional<WindowAxis> axisOf(const Nest &nest, const Factor &input,
                                 unsigned place, unsigned tap) {
  WindowAxis axis{place, tap, 0, 0};
  bool one = input.allExprs([&](const LinearExpr &expr) {
    int64_t x = expr.factors[place], y = expr.factors[tap];
    if (x == 0 && y == 0)
      return true;
    // Windows that slide backwards read no place twice in order.
    if (x == 0 || y == 0 || (x < 0) != (y < 0))
      return false;
    int64_t common = std::gcd(x, y);
    x = std::abs(x / common);
    y = std::abs(y / common);
    if (axis.stride == 0)
      std::tie(axis.stride, axis.dilation) = std::pair(x, y);
    return axis.stride == x && axis.dilation == y;
  });
  bool overlaps = axis.stride > 0 && axis.stride < nest.dims[tap].extent;
  return one && overlaps ? std::optional(axis) : std::nullopt;
}

/// Finds the roles of dimensions for one choice of the input.
bool findAxes(DispatchOp op, WindowPlan &plan) {
  const Nest &nest = plan.nest;
  Factor input(op, nest, plan.input), weights(op, nest, 1 - plan.input);
  if (input.hasIndices() || weights.hasIndices())
    return false;
  unsigned parallel = nest.parallelRank(), rank = nest.dims.size();
  for (unsigned dim = 0; dim < parallel; ++dim)
    if (weights.dependsOn(dim) && !input.dependsOn(dim))
      return false;
  llvm::SmallDenseSet<unsigned> taken;
  for (unsigned tap = parallel; tap < rank; ++tap) {
    std::optional<WindowAxis> axis;
    for (unsigned place = 0; place < parallel && !axis; ++place)
      if (!weights.dependsOn(place) && !taken.contains(place))
        axis = axisOf(nest, input, place, tap);
    if (axis) {
      taken.insert(axis->place);
      plan.axes.push_back(*axis);
    } else {
      plan.outer.push_back(tap);
    }
  }
  return !plan.axes.empty();
}

/// Neighbours along the last dimension whose loads of the input join to wide
/// ones.
int64_t mostNeighbours(DispatchOp op, const WindowPlan &plan) {
  const Nest &nest = plan.nest;
  unsigned last = nest.parallelRank() - 1;
  Factor input(op, nest, plan.input);
  if (llvm::any_of(plan.axes,
                   [&](const WindowAxis &axis) { return axis.place == last; }))
    return 1;
  auto fits = [&](const LinearExpr &expr, int64_t count) {
    if (expr.factors[last] == 0)
      return true;
    return expr.factors[last] == 1 && expr.offset % count == 0 &&
           llvm::all_of(llvm::enumerate(expr.factors), [&](auto factor) {
             return factor.index() == last || factor.value() % count == 0;
           });
  };
  bool apart = !input.allChecks([&](const LinearExpr &expr) {
    return !expr.dependsOn(last);
  });
  for (int64_t count : {4, 2})
    if (!apart && nest.dims[last].extent % count == 0 &&
        fits(nest.stores[0].address, count) &&
        input.allAddresses(
            [&](const LinearExpr &expr) { return fits(expr, count); }))
      return count;
  return 1;
}

/// Estimates cycles of a device whose core does four instructions of warps and
/// one access of 128 bytes to its first cache a cycle.
class CostModel {
public:
  CostModel(const WindowPlan &plan, const GroupLimits &limits,
            int64_t lastStride)
      : plan(plan), limits(limits), lastStride(lastStride) {}

  double cycles() const {
    double reads = 1, products = plan.neighbours, weights = 1, turns = 1;
    for (unsigned dim : plan.outer)
      turns *= double(plan.nest.dims[dim].extent);
    for (const WindowAxis &axis : plan.axes) {
      int64_t extent = plan.nest.dims[axis.tap].extent;
      double whole = double(extent / axis.taps);
      reads *= whole * axis.positions(axis.taps).size() +
               axis.positions(extent % axis.taps).size();
      products *= double(axis.results * extent);
      weights *= double(extent);
    }
    weights *= double(plan.weightsMove ? plan.neighbours : 1);
    constexpr double kAddress = 6, kStart = 40;
    double width = double(plan.neighbours);
    double instructions =
        kStart + turns * (products + reads * (kAddress + width) + 2 * weights);
    double accesses = turns * (reads * width * apart() + weights);
    double work = instructions / 4 + accesses;
    double warps = std::ceil(double(llvm::divideCeil(plan.threadCount(), 32)) /
                             double(limits.processors));
    // Alone, a warp waits for memory and for its own results.
    constexpr double kLatency = 800, kAtOnce = 32;
    double waiting =
        std::ceil(warps / kAtOnce) * (kLatency + 2 * instructions);
    return std::max(warps * work, waiting);
  }

private:
  /// Over how many lines of the cache the threads of a warp spread.
  double apart() const {
    unsigned last = plan.nest.parallelRank() - 1;
    for (const WindowAxis &axis : plan.axes)
      if (axis.place == last)
        return double(std::min<int64_t>(axis.results * lastStride, 32));
    return 1;
  }

  const WindowPlan &plan;
  const GroupLimits &limits;
  int64_t lastStride; ///< of windows along the last dimension
};

/// Tries how many results a thread has, and keeps the cheapest.
class TileSearch {
public:
  TileSearch(WindowPlan &plan, const GroupLimits &limits, int64_t most)
      : plan(plan), limits(limits), most(most) {
    unsigned last = plan.nest.parallelRank() - 1;
    for (const WindowAxis &axis : plan.axes)
      if (axis.place == last)
        lastStride = axis.stride;
  }

  void run() {
    for (plan.neighbours = 1; plan.neighbours <= most; plan.neighbours *= 2)
      tryAxis(0);
    plan = best;
  }

private:
  void tryAxis(unsigned number) {
    if (number == plan.axes.size())
      return tryPlan();
    WindowAxis &axis = plan.axes[number];
    int64_t extent = plan.nest.dims[axis.tap].extent;
    bool innermost = number + 1 == plan.axes.size();
    for (axis.results = 1; axis.results <= 8; ++axis.results) {
      if (axis.results > plan.nest.dims[axis.place].extent)
        break;
      // Parts of about equal length.
      constexpr int64_t kMostTaps = 8;
      axis.taps = axis.results == 1 && !innermost
                      ? 1
                      : llvm::divideCeil(
                            extent, llvm::divideCeil(extent, kMostTaps));
      tryAxis(number + 1);
    }
  }

  void tryPlan() {
    int64_t sums = plan.neighbours, taps = 1;
    for (const WindowAxis &axis : plan.axes) {
      sums *= axis.results;
      taps *= axis.taps;
    }
    int64_t weights = taps * (plan.weightsMove ? plan.neighbours : 1);
    // What stays in registers, and what is written out.
    constexpr int64_t kMostSums = 32, kMostWeights = 64, kMostProducts = 1024;
    bool least = sums == 1;
    if (!least && (sums > kMostSums || weights > kMostWeights ||
                   sums * taps > kMostProducts))
      return;
    double cycles = CostModel(plan, limits, lastStride).cycles();
    if (cycles < fewest) {
      fewest = cycles;
      best = plan;
    }
  }

  WindowPlan &plan;
  const GroupLimits &limits;
  int64_t most; ///< neighbours
  int64_t lastStride = 1;
  WindowPlan best;
  double fewest = std::numeric_limits<double>::max();
};

} // namespace

FailureOr<WindowPlan> tiled::planWindow(DispatchOp op,
                                        const GroupLimits &limits) {
  if (op.getKind() != RootKind::Contract)
    return failure();
  WindowPlan plan;
  plan.element =
      op.getPrologueBlock().getTerminator()->getOperand(0).getType();
  if (!isGroupElement(plan.element))
    return failure();
  FailureOr<Nest> nest = buildNest(op);
  if (failed(nest) || nest->parallelPoints() == 0 ||
      nest->reductionPoints() == 0)
    return failure();
  plan.nest = std::move(*nest);
  collapse(plan.nest);
  scalar::orderByStore(plan.nest);
  if (plan.nest.parallelRank() == 0)
    return failure();
  const WindowPlan empty = plan;
  while (!findAxes(op, plan)) {
    if (plan.input == 1)
      return failure();
    plan = empty;
    plan.input = 1;
  }
  int64_t turns = 1;
  for (unsigned dim : plan.outer)
    turns *= plan.nest.dims[dim].extent;
  // Threads of a product share longer sums.
  constexpr int64_t kMostTurns = 4;
  if (turns > kMostTurns)
    return failure();
  plan.weightsMove = Factor(op, plan.nest, 1 - plan.input)
                         .dependsOn(plan.nest.parallelRank() - 1);
  TileSearch(plan, limits, mostNeighbours(op, plan)).run();
  return plan;
}
