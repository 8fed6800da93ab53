// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/winograd/WinogradPlan.h"

#include "compiler/support/Constants.h"
#include "targets/cpu/codegen/contraction/Packing.h"
#include "targets/cpu/codegen/contraction/Plan.h"
#include "targets/cpu/codegen/winograd/Transforms.h"
#include "targets/cpu/codegen/winograd/Winograd.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Result channels per piece of work, about: fewer would transform the input
/// more often than threads are worth.
static constexpr int64_t kChunk = 128;
/// Image tiles of a piece of work, about.
static constexpr int64_t kBlockTiles = 16;
/// Input channels that are added up one after the other by F(4, 3), whose
/// transforms make most of the sums' rounding; shorter blocks take time.
static constexpr int64_t kSumBlock = 64;
/// Bytes of weights per cycle: the first block's from memory, where a
/// network's weights are, later ones' from the outer cache.
static constexpr double kFirstBytes = 5, kLaterBytes = 12;

int64_t WinogradPlan::inPitch() const {
  return llvm::alignTo(inChannels(), lanes);
}

int64_t WinogradPlan::outPitch() const { return llvm::alignTo(chunk, lanes); }

namespace {

struct WinogradPlanner {
  const CpuSpec &spec;
  std::string &reason;
  WinogradPlan plan;

  LogicalResult fail(const Twine &why) {
    reason = why.str();
    return failure();
  }
  LogicalResult checkOperands(DispatchOp op);
  LogicalResult findLoops();
  LogicalResult setAxis(FilterAxis &axis, unsigned outLoop);
  void chooseTile();
  void chooseSumBlock();
  void estimate();
};

LogicalResult WinogradPlanner::checkOperands(DispatchOp op) {
  const Contraction &c = plan.contraction;
  Value scalar =
      op.getPrologueBlock().getTerminator()->getOperand(c.scalarYield);
  if (!c.element.isF32() || !c.plainVector || c.packVector ||
      !isa<BlockArgument>(scalar))
    return fail("the operands are not plain f32 loads");
  if (!c.batchLoops.empty() || c.rowLoop < 0 || c.reductionLoops.size() != 3)
    return fail("the loops are not those of a 3x3 convolution");
  plan.scalarLoad = c.scalarLoads[0];
  if (c.nest.accesses[plan.scalarLoad].element != c.element)
    return fail("the input is not f32");
  return success();
}

/// The window loop that steps through the input as `outLoop` does.
LogicalResult WinogradPlanner::setAxis(FilterAxis &axis, unsigned outLoop) {
  const Contraction &c = plan.contraction;
  const FlatAccess &input = c.nest.accesses[plan.scalarLoad];
  for (unsigned loop : c.reductionLoops) {
    if (loop == plan.channelLoop || c.extent(loop) != 3 ||
        input.strides[loop] != input.strides[outLoop])
      continue;
    axis.outLoop = outLoop;
    axis.windowLoop = loop;
    axis.extent = c.extent(outLoop);
    axis.tiles = llvm::divideCeil(axis.extent, plan.outputs);
    for (const Border &border : input.borders) {
      if (border.factors[loop] == 0 && border.factors[outLoop] == 0)
        continue;
      if (border.factors[loop] != 1 || border.factors[outLoop] != 1)
        return fail("the window has a stride");
      axis.border = &border;
    }
    return success();
  }
  return fail("no window of three steps with stride one");
}

LogicalResult WinogradPlanner::findLoops() {
  const Contraction &c = plan.contraction;
  const FlatAccess &input = c.nest.accesses[plan.scalarLoad];
  int channel = -1;
  for (unsigned loop : c.reductionLoops)
    if (input.strides[loop] == 1 && !findWindow(c.windows, loop))
      channel = int(loop);
  if (channel < 0)
    return fail("the input's channels are not side by side");
  plan.channelLoop = unsigned(channel);
  if (failed(setAxis(plan.columns, unsigned(c.rowLoop))))
    return failure();
  bool found = false;
  for (unsigned loop : llvm::reverse(c.outerRowLoops)) {
    if (!found && succeeded(setAxis(plan.rows, loop))) {
      found = true;
      continue;
    }
    plan.batchLoops.insert(plan.batchLoops.begin(), loop);
  }
  if (!found || plan.rows.windowLoop == plan.columns.windowLoop)
    return fail("no window of three steps with stride one");
  plan.totalTiles =
      plan.rows.tiles * plan.columns.tiles * c.points(plan.batchLoops);
  return success();
}

void WinogradPlanner::chooseTile() {
  plan.lanes = spec.lanes(4);
  // Equal chunks of whole panels, or one.
  int64_t channels = plan.outChannels();
  int64_t chunks = std::max<int64_t>(channels / kChunk, 1);
  while (channels % chunks != 0 || (chunks > 1 && channels / chunks % 16 != 0))
    --chunks;
  plan.chunk = channels / chunks;
  int64_t vectors = llvm::divideCeil(plan.chunk, int64_t(plan.lanes));
  int64_t tiles = std::min(plan.totalTiles, kBlockTiles);
  double bestCost = 0;
  for (int64_t v = 1; v <= std::min<int64_t>(vectors, 6); ++v) {
    // Blocks of columns and panels of weights begin together.
    if ((v * plan.lanes) % 16 != 0 && 16 % (v * plan.lanes) != 0)
      continue;
    for (int64_t rows = 1; rows <= tiles; ++rows) {
      if (rows * v + v + (spec.fma ? 1 : 2) > int64_t(spec.vectorRegisters))
        break;
      // Rows of a block that are not there are computed all the same.
      double rounds = double(llvm::divideCeil(plan.totalTiles, rows));
      double cost = rounds * (double(vectors / v) * tileCycles(rows, v, 1));
      if (vectors % v)
        cost += rounds * tileCycles(rows, vectors % v, 1);
      if (bestCost != 0 && cost >= bestCost)
        continue;
      bestCost = cost;
      plan.tileRows = unsigned(rows);
      plan.tileVectors = unsigned(v);
    }
  }
  int64_t blocks = llvm::divideCeil(plan.totalTiles, kBlockTiles);
  int64_t wanted = llvm::divideCeil(plan.totalTiles, blocks);
  int64_t rounds = (wanted + plan.tileRows / 2) / plan.tileRows;
  plan.blockTiles = std::max<int64_t>(rounds, 1) * plan.tileRows;
  plan.tileCount = uint32_t(llvm::divideCeil(plan.totalTiles, plan.blockTiles) *
                            plan.chunks());
  plan.cycles = bestCost * double(plan.chunks());
}

/// Equal blocks of input channels.
void WinogradPlanner::chooseSumBlock() {
  int64_t most = plan.outputs == 2 ? 2 * kSumBlock : kSumBlock;
  int64_t count = llvm::divideCeil(plan.inChannels(), most);
  plan.sumBlock = llvm::divideCeil(plan.inChannels(), count);
}

/// Adds what is beside the products: the transforms, whose operations are a
/// few per element, and the weights' way from the outer caches.
void WinogradPlanner::estimate() {
  double points = double(plan.size() * plan.size());
  double products = plan.cycles * points * double(plan.inChannels());
  double weights = points * double(plan.inChannels() * plan.outChannels()) * 4;
  double blocks = double(llvm::divideCeil(plan.totalTiles, plan.blockTiles));
  double traffic =
      weights > double(spec.l2Bytes) / 2
          ? weights / kFirstBytes + weights * (blocks - 1) / kLaterBytes
          : 0;
  double tiles = double(plan.totalTiles);
  double in = tiles * double(plan.inPitch() / plan.lanes) *
              double(plan.chunks()) * 3.5 * points;
  double out =
      tiles *
      double(llvm::divideCeil(plan.outChannels(), int64_t(plan.lanes))) * 4 *
      points;
  plan.cycles = std::max(products, traffic) * 1.1 + in + out;
}

} // namespace

FailureOr<WinogradPlan> cpu::planWinograd(DispatchOp op, const CpuSpec &spec,
                                          int64_t outputs, std::string &reason,
                                          LayoutOverride weights) {
  if (op.getKind() != RootKind::Contract) {
    reason = "the root is not a contraction";
    return failure();
  }
  FailureOr<Contraction> contraction =
      classify(op, reason, weights, /*keepReductions=*/true);
  if (failed(contraction))
    return failure();
  WinogradPlanner planner{spec, reason, {}};
  planner.plan.contraction = std::move(*contraction);
  planner.plan.outputs = outputs;
  if (failed(planner.checkOperands(op)) || failed(planner.findLoops()))
    return failure();
  planner.chooseTile();
  planner.chooseSumBlock();
  planner.estimate();
  return std::move(planner.plan);
}

/// Cycles of the direct kernel: two multiply-adds per cycle, less what its
/// tiles waste at most.
static double directCycles(const Contraction &c, const CpuSpec &spec) {
  double points = 1;
  for (const FlatLoop &loop : c.nest.loops)
    points *= double(loop.extent);
  return points / (2.0 * spec.lanes(4)) * 1.02;
}

int64_t cpu::chooseWinograd(DispatchOp op, const CpuSpec &spec, int64_t most) {
  if (op.getKind() != RootKind::Contract || op.getConfigAttr())
    return 0;
  std::string reason;
  FailureOr<Contraction> plain = classify(op, reason);
  if (failed(plain))
    return 0;
  unsigned weights = plain->vectorLoad;
  if (!constantOf(op.getInputs()[weights]))
    return 0;
  auto type = cast<RankedTensorType>(op.getInputs()[weights].getType());
  AffineMap map = op.getLoad(weights).getMap();
  // The transform works on co x ci x 3 x 3, channels in any order.
  if (type.getRank() != 4 || type.getDimSize(2) != 3 ||
      type.getDimSize(3) != 3 || !map.isProjectedPermutation())
    return 0;
  LayoutOverride packed{int(weights), packedWeightLayout(op, weights)};
  if (!packed.layout)
    return 0;
  double best = directCycles(*plain, spec);
  int64_t choice = 0;
  for (int64_t outputs : {2, 4}) {
    if (outputs > most)
      break;
    FailureOr<WinogradPlan> plan =
        planWinograd(op, spec, outputs, reason, packed);
    if (failed(plan) || plan->cycles >= best)
      continue;
    best = plan->cycles;
    choice = outputs;
  }
  return choice;
}

DictionaryAttr cpu::winogradConfig(DispatchOp op, int64_t outputs) {
  Builder b(op.getContext());
  return b.getDictionaryAttr(
      {b.getNamedAttr("kernel", b.getStringAttr("winograd")),
       b.getNamedAttr("outputs", b.getI64IntegerAttr(outputs))});
}

bool cpu::applyWinograd(DispatchOp op, const CpuSpec &spec, int64_t most) {
  int64_t outputs = chooseWinograd(op, spec, most);
  if (outputs == 0)
    return false;
  std::string reason;
  unsigned weights = classify(op, reason)->vectorLoad;
  Value operand = op.getInputs()[weights];
  OpBuilder b(op);
  ElementsAttr transformed =
      transformWeights(constantOf(operand), FilterTransform(outputs));
  op->setOperand(weights, ConstantOp::create(b, operand.getLoc(), transformed));
  op.setConfigAttr(winogradConfig(op, outputs));
  return true;
}
