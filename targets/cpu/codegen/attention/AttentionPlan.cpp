// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/attention/AttentionPlan.h"

#include "compiler/support/Constants.h"
#include "targets/common/LiveKeys.h"
#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/contraction/Plan.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Multiply-adds that a piece of work has at least, pieces at most, and row
/// blocks per piece at least, so that packing stays small beside them.
static constexpr double kMinWork = 200000;
static constexpr int64_t kMaxPieces = 64, kMinBlocks = 4;
/// Cycles of the softmax for each vector of scores, and for each element of
/// keys and values that is packed.
static constexpr double kSoftmaxCycles = 12, kPackCycles = 0.25;

int64_t AttentionPlan::points(ArrayRef<unsigned> loops) const {
  int64_t count = 1;
  for (unsigned loop : loops)
    count *= nest.loops[loop].extent;
  return count;
}

int64_t AttentionPlan::valuePitch() const {
  return llvm::alignTo(extent(valueLoop), lanes);
}

namespace {

struct AttentionPlanner {
  DispatchOp op;
  const CpuSpec &spec;
  std::string &reason;
  AttentionPlan plan;

  LogicalResult fail(const Twine &why) {
    reason = why.str();
    return failure();
  }
  bool uses(AttentionOperand operand, unsigned loop) const {
    return llvm::any_of(plan.loads[operand], [&](unsigned load) {
      return plan.nest.accesses[load].uses(loop);
    });
  }
  /// Queries that share keys are rows too, but causality does not count them.
  bool countsRows(unsigned loop) {
    return llvm::is_contained(plan.nest.loops[loop].dims,
                              op.getParallelRank() - 2);
  }
  LogicalResult readOperands();
  LogicalResult sortLoops();
  LogicalResult setOnce(int &where, unsigned loop, StringRef what);
  LogicalResult checkMask();
  void chooseFactor();
  void chooseTiles();
  void cutWork();
};

static void collectLoads(Value value, llvm::SetVector<unsigned> &loads) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    loads.insert(argument.getArgNumber());
    return;
  }
  for (Value operand : value.getDefiningOp()->getOperands())
    collectLoads(operand, loads);
}

LogicalResult AttentionPlanner::readOperands() {
  Operation *yield = op.getPrologueBlock().getTerminator();
  plan.element = yield->getOperand(0).getType();
  if (!plan.element.isF32())
    return fail("the scores are not f32");
  plan.masked = yield->getNumOperands() == 4;
  plan.causal = bool(op.getRootParam("causal"));
  plan.bounded = bool(liveKeysOf(op));
  if (auto scale = dyn_cast_or_null<FloatAttr>(op.getRootParam("scale")))
    plan.scale = scale.getValueAsDouble();
  for (unsigned i = 0; i < yield->getNumOperands(); ++i) {
    if (yield->getOperand(i).getType() != plan.element)
      return fail("the operands have different types");
    llvm::SetVector<unsigned> loads;
    collectLoads(yield->getOperand(i), loads);
    plan.loads[i].assign(loads.begin(), loads.end());
  }
  for (const FlatAccess &access : plan.nest.accesses)
    if (access.tile > 1 || !access.borders.empty())
      return fail("an operand is tiled or padded");
  return success();
}

LogicalResult AttentionPlanner::setOnce(int &where, unsigned loop,
                                        StringRef what) {
  if (where >= 0)
    return fail(what + " is more than one loop");
  where = int(loop);
  return success();
}

/// The role of a loop follows from the operands that it moves.
LogicalResult AttentionPlanner::sortLoops() {
  SmallVector<unsigned> rows;
  for (unsigned loop = 0; loop < plan.nest.loops.size(); ++loop) {
    bool query = uses(kQuery, loop), key = uses(kKey, loop);
    bool value = uses(kValue, loop);
    if (plan.nest.loops[loop].reduction) {
      if (query && value)
        return fail("a reduction loop moves queries and values");
      if (query) {
        if (failed(setOnce(plan.depthLoop, loop, "the depth")))
          return failure();
      } else {
        plan.keyLoops.push_back(loop);
      }
    } else if (value && !query && !key) {
      if (failed(setOnce(plan.valueLoop, loop, "the values' width")))
        return failure();
    } else if (query && !key && !value &&
               (!plan.causal || countsRows(loop))) {
      rows.push_back(loop);
    } else {
      plan.batchLoops.push_back(loop);
    }
  }
  plan.rowLoop = chooseRowLoop(plan.nest, rows);
  for (unsigned loop : rows)
    if (int(loop) != plan.rowLoop)
      plan.outerRowLoops.push_back(loop);
  if (plan.valueLoop < 0)
    return fail("the values' width is one");
  if (plan.bounded && plan.keyLoops.size() > 1)
    return fail("keys of bounded number are more than one loop");
  if (plan.causal && (!plan.outerRowLoops.empty() || plan.keyLoops.size() > 1))
    return fail("positions of a causal mask are more than one loop");
  return success();
}

/// A mask must walk all keys as one loop.
LogicalResult AttentionPlanner::checkMask() {
  for (unsigned load : plan.loads[kMask])
    for (size_t i = 1; i < plan.keyLoops.size(); ++i) {
      unsigned outer = plan.keyLoops[i - 1], inner = plan.keyLoops[i];
      ArrayRef<int64_t> strides = plan.nest.accesses[load].strides;
      if (strides[outer] != strides[inner] * plan.extent(inner))
        return fail("the mask's keys are more than one loop");
    }
  return success();
}

/// A row of scores is one sum; sums over keys are taken in blocks.
void AttentionPlanner::chooseFactor() {
  ValueRange yields = op.getPrologueBlock().getTerminator()->getOperands();
  plan.factor = plan.depth() <= kMostHalfSteps
                    ? elementOfProducts(spec, yields.take_front(3))
                    : plan.element;
}

void AttentionPlanner::chooseTiles() {
  plan.lanes = spec.lanes(elementBytes(plan.factor));
  int64_t extent = plan.extent(plan.rowLoop), panels = plan.keyPanels();
  int64_t width = plan.valuePitch() / plan.lanes;
  double bestCost = 0;
  unsigned group = scalarsPerLoad(spec, plan.factor);
  // Panels come from the second cache: half a cycle more for each vector.
  auto tileCost = [&](int64_t rows, int64_t vectors, int64_t total) {
    double cost = double(total / vectors) *
                  tileCycles(spec, rows, vectors, 1, group);
    if (total % vectors)
      cost += tileCycles(spec, rows, total % vectors, 1, group);
    return cost + 0.5 * double(total);
  };
  auto bestVectors = [&](int64_t rows, int64_t total) {
    int64_t best = 1;
    for (int64_t v = 2; v <= std::min<int64_t>(total, 8); ++v)
      if (fitsRegisters(spec, rows, v, group > 1 ? rows : 1) &&
          tileCost(rows, v, total) < tileCost(rows, best, total))
        best = v;
    return best;
  };
  for (int64_t rows = 1; rows <= std::min<int64_t>(extent, 16); ++rows) {
    if (!fitsRegisters(spec, rows, 1, group > 1 ? rows : 1))
      break;
    int64_t score = bestVectors(rows, panels);
    int64_t value = bestVectors(rows, width);
    auto cost = [&](int64_t count) {
      return double(plan.depth()) * tileCost(count, score, panels) +
             double(plan.keys()) * tileCost(count, value, width);
    };
    double total = double(extent / rows) * cost(rows) +
                   (extent % rows ? cost(extent % rows) : 0);
    if (bestCost != 0 && total >= bestCost)
      continue;
    bestCost = total;
    plan.rows = unsigned(rows);
    plan.scoreVectors = unsigned(score);
    plan.valueVectors = unsigned(value);
  }
  plan.rowCycles = bestCost;
  plan.rowClasses = makeRowClasses(plan.nest, {}, plan.rowLoop, plan.rows);
  plan.valueColumns = makeColumnClasses(plan.extent(plan.valueLoop),
                                        plan.valueVectors, plan.lanes);
}

void AttentionPlanner::cutWork() {
  int64_t batch = plan.points(plan.batchLoops);
  int64_t tiles =
      llvm::divideCeil(plan.extent(plan.rowLoop), int64_t(plan.rows));
  plan.blocks = plan.points(plan.outerRowLoops) * tiles;
  double work = double(batch) * double(plan.points(plan.outerRowLoops)) *
                double(plan.extent(plan.rowLoop)) * double(plan.keys()) *
                double(plan.depth() + plan.extent(plan.valueLoop));
  int64_t wanted = std::clamp<int64_t>(int64_t(work / kMinWork), 1, kMaxPieces);
  int64_t parts =
      std::clamp<int64_t>(llvm::divideCeil(wanted, batch), 1,
                          std::max<int64_t>(plan.blocks / kMinBlocks, 1));
  // Sixteen pieces are enough to share; more would only pack more often.
  if (batch >= 16)
    parts = 1;
  plan.blocksPerPiece = llvm::divideCeil(plan.blocks, parts);
  plan.tileCount =
      uint32_t(batch * llvm::divideCeil(plan.blocks, plan.blocksPerPiece));
}

} // namespace

FailureOr<AttentionPlan> cpu::planAttention(DispatchOp op, const CpuSpec &spec,
                                            std::string &reason) {
  AttentionPlanner planner{op, spec, reason, {}};
  FailureOr<FlatNest> nest = FlatNest::of(op);
  if (failed(nest) || nest->stores().empty()) {
    reason = "an access is indexed or the domain is empty";
    return failure();
  }
  planner.plan.nest = std::move(*nest);
  // Causality counts the rows and keys of the domain.
  if (!op.getRootParam("causal"))
    mergeLoops(planner.plan.nest);
  if (failed(planner.readOperands()) || failed(planner.sortLoops()) ||
      failed(planner.checkMask()))
    return failure();
  planner.chooseFactor();
  planner.chooseTiles();
  planner.cutWork();
  return std::move(planner.plan);
}

KernelWork cpu::workOf(DispatchOp op, const AttentionPlan &plan) {
  double batch = double(plan.points(plan.batchLoops));
  double outer = double(plan.points(plan.outerRowLoops));
  double rows = batch * outer * double(plan.extent(plan.rowLoop));
  double keys = double(plan.keys()), depth = double(plan.depth());
  double width = double(plan.extent(plan.valueLoop));
  double flops = 2 * rows * keys * (depth + width);
  double vectors = double(plan.valuePitch()) / plan.lanes;
  double pieces = double(plan.tileCount);
  double cycles =
      batch * outer * plan.rowCycles +
      rows * (double(plan.keyPanels()) * kSoftmaxCycles +
              vectors * epilogueCycles(op)) +
      pieces * keys * (depth + width) * kPackCycles;
  KernelWork work{flops, flops, cycles};
  work.issuedFlops = 2 * rows *
                     (double(plan.scorePitch()) * depth +
                      keys * double(plan.valuePitch()));
  return work;
}
