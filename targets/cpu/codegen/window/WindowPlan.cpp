// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/window/WindowPlan.h"

#include "compiler/support/Constants.h"
#include "targets/cpu/codegen/Cost.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Taps that are written out side by side, at most.
static constexpr int64_t kMaxTaps = 16;
/// Steps of a window in all, at most, where it is no convolution: larger ones
/// are few, and better shared out.
static constexpr int64_t kMaxSteps = 256;
/// Elementary operations that a piece of work has at least, and the most
/// pieces.
static constexpr double kMinWork = 100000;
static constexpr int64_t kMaxPieces = 64;
/// Cycles of what the choice of a tile counts as one.
static constexpr double kCostCycles = 0.5;

namespace {

struct WindowPlanner {
  DispatchOp op;
  const CpuSpec &spec;
  std::string &reason;
  WindowPlan plan;

  LogicalResult fail(const Twine &why) {
    reason = why.str();
    return failure();
  }
  Type combinedElement(Value x) const;
  LogicalResult checkTypes();
  LogicalResult sortLoops();
  LogicalResult sortWindow();
  LogicalResult checkFill();
  LogicalResult chooseTile();
  bool gainsByBlocks() const;
  void cutWork();
};

/// Short sums of products of two f16 loads are of f16, where the core has them.
Type WindowPlanner::combinedElement(Value x) const {
  auto product = x.getDefiningOp<arith::MulFOp>();
  int64_t steps = 1;
  for (const FlatLoop &loop : plan.nest.loops)
    steps *= loop.reduction ? loop.extent : 1;
  if (!product || plan.combiner != ReduceKind::Sum || steps > kMostHalfSteps)
    return x.getType();
  Type element =
      elementOfProducts(spec, {product.getLhs(), product.getRhs()});
  bool plain = isPlainLoad(product.getLhs(), element) &&
               isPlainLoad(product.getRhs(), element);
  return plain ? element : x.getType();
}

LogicalResult WindowPlanner::checkTypes() {
  Value x = op.getPrologueBlock().getTerminator()->getOperand(0);
  if (!x.getType().isF32() && !x.getType().isF64())
    return fail("the reduced values are not f32 or f64");
  plan.result = x.getType();
  plan.element = combinedElement(x);
  if (plan.combiner != ReduceKind::Sum && plan.combiner != ReduceKind::Max &&
      plan.combiner != ReduceKind::Min)
    return fail("the combiner is not sum, max or min");
  for (unsigned i = 0; i < plan.nest.loads; ++i) {
    const FlatAccess &access = plan.nest.accesses[i];
    if (access.tile > 1)
      return fail("an operand is tiled");
    if (!op.getPrologueBlock().getArgument(i).use_empty())
      plan.loads.push_back(i);
    else if (!access.borders.empty())
      return fail("an operand of the epilogue is padded");
  }
  for (const FlatAccess &store : plan.nest.stores())
    if (store.tile > 1)
      return fail("a result is tiled");
  return success();
}

LogicalResult WindowPlanner::sortLoops() {
  const FlatNest &nest = plan.nest;
  int vectorLoop = -1;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    if (nest.loops[loop].reduction ||
        !llvm::all_of(nest.stores(), [&](const FlatAccess &store) {
          return store.strides[loop] == 1;
        }))
      continue;
    bool unit = llvm::all_of(plan.loads, [&](unsigned load) {
      const FlatAccess &access = nest.accesses[load];
      return (access.strides[loop] == 0 || access.strides[loop] == 1) &&
             llvm::all_of(access.borders, [&](const Border &border) {
               return border.factors[loop] == 0;
             });
    });
    if (unit)
      vectorLoop = int(loop);
  }
  if (vectorLoop < 0)
    return fail("no loop has unit stride in loads and stores");
  plan.vectorLoop = unsigned(vectorLoop);
  SmallVector<unsigned> rows;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    if (!nest.loops[loop].reduction && int(loop) != vectorLoop)
      rows.push_back(loop);
  int summed = -1;
  if (failed(findSummedLoop(op, nest, summed, reason)))
    return failure();
  plan.sumsRow = summed >= 0;
  if (plan.sumsRow && !llvm::is_contained(rows, unsigned(summed)))
    return fail("sums run over the channels");
  plan.rowLoop = plan.sumsRow ? summed : chooseRowLoop(nest, rows);
  if (plan.rowLoop < 0)
    return fail("there is one window only");
  for (unsigned loop : rows)
    if (int(loop) != plan.rowLoop)
      plan.outerLoops.push_back(loop);
  return success();
}

/// Sorts the window's loops: those along the row come last and are written
/// out.
LogicalResult WindowPlanner::sortWindow() {
  const FlatNest &nest = plan.nest;
  if (failed(findWindows(nest, plan.loads, plan.rowLoop, plan.windows, reason)))
    return failure();
  SmallVector<unsigned> window;
  int along = -1;
  for (const Window &w : plan.windows)
    if (w.alongRow)
      along = int(w.loop);
  int64_t steps = 1;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    if (!nest.loops[loop].reduction)
      continue;
    window.push_back(loop);
    steps *= plan.extent(loop);
  }
  bool weighted = plan.loads.size() > 1;
  if (window.empty() || (steps > kMaxSteps && !weighted))
    return fail("the window is empty or large");
  if (along < 0 && !findWindow(plan.windows, window.back()))
    along = int(window.back());
  for (unsigned loop : window)
    if (int(loop) != along)
      plan.windowLoops.push_back(loop);
  if (along >= 0)
    plan.tapLoops.push_back(unsigned(along));
  plan.manyTaps = plan.taps() > kMaxTaps;
  if (plan.manyTaps && !weighted)
    return fail("the window is wide");
  return success();
}

/// Skipping what is outside must not change the result.
LogicalResult WindowPlanner::checkFill() {
  Block &prologue = op.getPrologueBlock();
  for (unsigned load : plan.loads) {
    const FlatAccess &access = plan.nest.accesses[load];
    if (access.borders.empty())
      continue;
    bool neutral;
    if (plan.combiner == ReduceKind::Sum) {
      neutral = isZeroAtFill(prologue, 0, load, access.fill);
    } else {
      double sign = plan.combiner == ReduceKind::Max ? -1 : 1;
      neutral = prologue.getTerminator()->getOperand(0) ==
                    prologue.getArgument(load) &&
                access.fill == sign * INFINITY;
    }
    if (!neutral)
      return fail("padding takes part in the result");
  }
  return success();
}

LogicalResult WindowPlanner::chooseTile() {
  plan.lanes = spec.lanes(elementBytes(plan.element));
  int64_t taps = plan.taps();
  int64_t extent = plan.extent(plan.rowLoop), best = 0;
  double bestCost = 0;
  // Weights of one window row, or of one of many taps, an input and a product
  // stay beside the sums.
  int64_t room =
      int64_t(spec.vectorRegisters) - (plan.manyTaps ? 1 : taps) - 2;
  for (int64_t rows = 1; rows <= std::min<int64_t>(extent, 16); ++rows) {
    if (rows > 4 && rows > room)
      break;
    auto classes =
        makeRowClasses(plan.nest, plan.windows, plan.rowLoop, unsigned(rows));
    if (classes.size() > kMaxRowClasses)
      continue;
    int64_t tiles = llvm::divideCeil(extent, rows);
    // Sums, then what each tile loads again: weights and the window's overlap.
    double cost = double(extent) * taps + double(tiles) * (2 * taps + 4) +
                  (rows < 8 ? double(tiles) * taps * (8 - rows) : 0);
    if (best != 0 && cost >= bestCost)
      continue;
    best = rows;
    bestCost = cost;
    plan.rowClasses = std::move(classes);
  }
  if (best == 0)
    return fail("no register tile fits the borders");
  plan.rows = unsigned(best);
  plan.rowCost = bestCost;
  int64_t available =
      llvm::divideCeil(plan.extent(plan.vectorLoop), int64_t(plan.lanes));
  while (plan.rows * plan.vectors * 2 <= 8 && plan.vectors * 2 <= available)
    plan.vectors *= 2;
  plan.columnClasses =
      makeColumnClasses(plan.extent(plan.vectorLoop), plan.vectors, plan.lanes);
  return success();
}

/// Whether the rows that a window spans leave the first-level cache with all
/// their channels, but stay in it with those of one vector.
bool WindowPlanner::gainsByBlocks() const {
  constexpr int64_t line = 64, sets = 64;
  int64_t bytes = 0, lines = 0, conflicts = 1;
  for (unsigned load : plan.loads) {
    const FlatAccess &access = plan.nest.accesses[load];
    if (access.strides[plan.rowLoop] == 0)
      continue;
    int64_t pitch = access.strides[plan.rowLoop] * elementBytes(access.element);
    int64_t pixels = plan.extent(plan.rowLoop);
    for (unsigned loop : plan.windowLoops)
      pixels *= plan.extent(loop);
    bytes += pixels * pitch;
    lines += pixels * plan.vectors;
    // Pixels a power of two apart fall on few of the cache's sets.
    if (pitch % line == 0)
      conflicts = std::max(conflicts, std::gcd(pitch / line, sets));
  }
  return bytes > 2 * spec.l1Bytes && lines * line * conflicts <= spec.l1Bytes;
}

void WindowPlanner::cutWork() {
  plan.blocksOutside = gainsByBlocks();
  double work = 1;
  for (const FlatLoop &loop : plan.nest.loops)
    work *= double(loop.extent);
  for (unsigned loop : plan.outerLoops)
    plan.outerCount *= plan.extent(loop);
  plan.blockCount = llvm::divideCeil(plan.extent(plan.vectorLoop),
                                     int64_t(plan.vectors) * plan.lanes);
  int64_t wanted = std::clamp<int64_t>(int64_t(work / kMinWork), 1, kMaxPieces);
  int64_t bands = std::min(plan.outerCount, wanted);
  plan.outerPerPiece = llvm::divideCeil(plan.outerCount, bands);
  bands = llvm::divideCeil(plan.outerCount, plan.outerPerPiece);
  int64_t blocks =
      std::min<int64_t>(plan.blockCount, llvm::divideCeil(wanted, bands));
  plan.blocksPerPiece = llvm::divideCeil(plan.blockCount, blocks);
  blocks = llvm::divideCeil(plan.blockCount, plan.blocksPerPiece);
  plan.tileCount = uint32_t(bands * blocks);
}

} // namespace

FailureOr<WindowPlan> cpu::planWindow(DispatchOp op, const CpuSpec &spec,
                                      std::string &reason) {
  WindowPlanner planner{op, spec, reason, {}};
  FailureOr<FlatNest> nest = FlatNest::of(op);
  if (failed(nest) || nest->stores().empty()) {
    reason = "an access is indexed";
    return failure();
  }
  planner.plan.nest = std::move(*nest);
  mergeLoops(planner.plan.nest);
  planner.plan.combiner =
      cast<ReduceKindAttr>(op.getRootParam("combiner")).getValue();
  if (failed(planner.checkTypes()) || failed(planner.sortLoops()) ||
      failed(planner.sortWindow()) || failed(planner.checkFill()) ||
      failed(planner.chooseTile()))
    return failure();
  planner.cutWork();
  return std::move(planner.plan);
}

KernelWork cpu::workOf(DispatchOp op, const WindowPlan &plan) {
  double flops = 2, steps = 1;
  for (const FlatLoop &loop : plan.nest.loops)
    flops *= double(loop.extent);
  for (unsigned loop : plan.windowLoops)
    steps *= double(plan.extent(loop));
  double lanes = lanesOf(plan.columnClasses, plan.lanes);
  double rows = double(plan.outerCount) * lanes / plan.lanes;
  double once = epilogueCycles(op) * double(plan.extent(plan.rowLoop));
  KernelWork work{flops, flops,
                  rows * (plan.rowCost * steps * kCostCycles + once)};
  work.issuedFlops = flops * lanes / double(plan.extent(plan.vectorLoop));
  return work;
}
