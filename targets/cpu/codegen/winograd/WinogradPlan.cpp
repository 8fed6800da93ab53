// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/winograd/WinogradPlan.h"

#include "compiler/support/Constants.h"
#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/contraction/Plan.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Result channels per piece of work, about: fewer would transform the input
/// more often than threads are worth.
static constexpr int64_t kChunk = 128;
/// Result channels of one go, at least, where they are cut for the cache.
static constexpr int64_t kLeastChunk = 48;
/// Image tiles of a piece of work, about; at most, where each block reads the
/// weights from an outer cache, as long as there are so many pieces.
static constexpr int64_t kBlockTiles = 16, kMostBlockTiles = 64, kPieces = 8;
/// Image tiles for which weights are read from an outer cache, at least, and
/// bytes of weights that it may not hold.
static constexpr int64_t kLeastStreamed = 32, kFarWeights = 8 << 20;
/// Pieces of which one more or less does not count.
static constexpr int64_t kManyPieces = 16;
/// Input channels that are added up one after the other by F(4, 3), whose
/// transforms make most of the sums' rounding; shorter blocks take time.
static constexpr int64_t kSumBlock = 64;
/// Bodies of the input transform along an axis, by what lies in the tensor.
static constexpr size_t kMostClasses = 4;
/// Bytes of weights per cycle: the first block's from memory, where a
/// network's weights are, later ones' from the outer cache.
static constexpr double kFirstBytes = 8, kLaterBytes = 20;

SmallVector<TileClass, 3> FilterAxis::tileClasses() const {
  SmallVector<TileClass, 3> classes;
  for (int64_t tile = 0; tile < tiles; ++tile) {
    int64_t first = tile * outputs, low = 0, high = size();
    if (exists())
      high = std::min(high, extent + 2 - first);
    if (border) {
      // Step k is at offset + first + k.
      low = std::clamp<int64_t>(-border->offset - first, 0, high);
      high = std::clamp(border->size - border->offset - first, low, high);
    }
    if (!classes.empty() && classes.back().low == low &&
        classes.back().high == high)
      ++classes.back().tileCount;
    else
      classes.push_back({tile, 1, low, high});
  }
  return classes;
}

int64_t WinogradPlan::tapPitch() const {
  return llvm::alignTo(inChannels(), lanes);
}

int64_t WinogradPlan::outPitch() const { return llvm::alignTo(chunk, lanes); }

int64_t WinogradPlan::factorBytes() const {
  return elementBytes(contraction.element);
}

int64_t WinogradPlan::weightBytes() const {
  return points() * depth.taps * inChannels() * outChannels() * factorBytes();
}

int64_t WinogradPlan::tilesOf(unsigned loop) const {
  for (const FilterAxis *axis : {&rows, &columns})
    if (axis->outLoop == int(loop))
      return axis->tiles;
  return contraction.extent(loop);
}

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
  LogicalResult setDepth(unsigned loop);
  int64_t mostBlockTiles() const;
  int64_t evenRounds(int64_t most) const;
  void chooseChunks();
  void chooseTile();
  void chooseSumBlock();
  void estimate();
};

LogicalResult WinogradPlanner::checkOperands(DispatchOp op) {
  const Contraction &c = plan.contraction;
  Value scalar =
      op.getPrologueBlock().getTerminator()->getOperand(c.scalarYield);
  if (!c.sum.isF32() || !c.plainVector || c.packVector ||
      !isPlainLoad(scalar, c.element))
    return fail("the operands are not plain f32 loads");
  if (c.shift() || c.storesShifted())
    return fail("the input or a result is shifted");
  if (!c.batchLoops.empty() || c.rowLoop < 0)
    return fail("the loops are not those of a convolution");
  plan.scalarLoad = c.scalarLoads[0];
  return success();
}

/// The axis of the window loop `loop`: the row loop that steps through the
/// input as it does.
LogicalResult WinogradPlanner::setAxis(FilterAxis &axis, unsigned loop) {
  const Contraction &c = plan.contraction;
  const FlatAccess &input = c.nest.accesses[plan.scalarLoad];
  if (c.extent(loop) != 3)
    return fail("a window is not of three steps");
  for (unsigned outLoop : plan.tileLoops) {
    if (input.strides[loop] != input.strides[outLoop])
      continue;
    axis.outLoop = int(outLoop);
    axis.windowLoop = int(loop);
    axis.extent = c.extent(outLoop);
    axis.outputs = plan.outputs;
    axis.tiles = llvm::divideCeil(axis.extent, plan.outputs);
    for (const Border &border : input.borders) {
      if (border.factors[loop] == 0 && border.factors[outLoop] == 0)
        continue;
      if (border.factors[loop] != 1 || border.factors[outLoop] != 1)
        return fail("the window has a stride");
      axis.border = border;
    }
    return success();
  }
  return fail("the window has a stride");
}

LogicalResult WinogradPlanner::setDepth(unsigned loop) {
  const Contraction &c = plan.contraction;
  plan.depth.windowLoop = int(loop);
  plan.depth.taps = c.extent(loop);
  for (const Border &border : c.nest.accesses[plan.scalarLoad].borders) {
    if (border.factors[loop] == 0)
      continue;
    for (const FilterAxis *axis : {&plan.rows, &plan.columns})
      if (border.factors[axis->outLoop] != 0)
        return fail("a coordinate moves with two windows");
    plan.depth.border = border;
  }
  return success();
}

LogicalResult WinogradPlanner::findLoops() {
  const Contraction &c = plan.contraction;
  const FlatAccess &input = c.nest.accesses[plan.scalarLoad];
  plan.tileLoops.assign(c.outerRowLoops.begin(), c.outerRowLoops.end());
  plan.tileLoops.push_back(unsigned(c.rowLoop));
  llvm::sort(plan.tileLoops);
  int channel = -1;
  SmallVector<unsigned> windows;
  for (unsigned loop : c.reductionLoops) {
    if (input.strides[loop] == 1 && !findWindow(c.windows, loop))
      channel = int(loop);
    else
      windows.push_back(loop);
  }
  if (channel < 0)
    return fail("the input's channels are not side by side");
  plan.channelLoop = unsigned(channel);
  if (windows.empty() || windows.size() > 3)
    return fail("the window has not one, two or three dimensions");
  if (failed(setAxis(plan.columns, windows.back())) ||
      (windows.size() > 1 && failed(setAxis(plan.rows, windows.end()[-2]))))
    return failure();
  if (plan.rows.outLoop == plan.columns.outLoop)
    return fail("two windows step through one dimension");
  if (windows.size() == 3 && failed(setDepth(windows.front())))
    return failure();
  for (const FilterAxis *axis : {&plan.rows, &plan.columns})
    if (axis->tileClasses().size() > kMostClasses)
      return fail("the border is wide");
  if (!plan.rows.exists()) {
    unsigned loop = unsigned(plan.columns.outLoop);
    llvm::erase(plan.tileLoops, loop);
    plan.tileLoops.push_back(loop);
  }
  for (unsigned loop : plan.tileLoops)
    plan.totalTiles *= plan.tilesOf(loop);
  return success();
}

int64_t WinogradPlanner::mostBlockTiles() const {
  if (!plan.streamsWeights)
    return kBlockTiles;
  int64_t tileBytes = plan.points() * plan.inPitch() * plan.factorBytes();
  int64_t fitting = spec.l2Bytes / 3 / tileBytes;
  // Weights that may come from memory are to be read seldom.
  fitting = plan.weightBytes() > kFarWeights
                ? 4 * spec.l2Bytes / tileBytes
                : std::max(fitting, kLeastStreamed);
  int64_t most = std::min(plan.totalTiles * plan.groups() / kPieces, fitting);
  return std::clamp(most, kBlockTiles, kMostBlockTiles);
}

/// Whether so many parts of `channels` are whole panels.
static bool dividesPanels(int64_t channels, int64_t parts) {
  return parts == 1 || (channels % parts == 0 && channels / parts % 16 == 0);
}

/// Equal chunks of whole panels, or one, so small that the products of a block
/// stay in the second-level cache.
void WinogradPlanner::chooseChunks() {
  plan.lanes = spec.lanes(plan.factorBytes());
  plan.streamsWeights = plan.weightBytes() > spec.l2Bytes / 2;
  int64_t channels = plan.outChannels();
  int64_t groups = std::max<int64_t>(channels / kChunk, 1);
  // Threads share a single block by its channels.
  if (plan.totalTiles <= kBlockTiles && channels >= kChunk)
    groups = std::max<int64_t>(groups, 2);
  while (!dividesPanels(channels, groups))
    --groups;
  plan.chunk = channels / groups;
  int64_t tiles = std::min(mostBlockTiles(), plan.totalTiles);
  int64_t most = spec.l2Bytes / 2 / (plan.points() * tiles * 4);
  for (int64_t parts = 2; plan.chunk > most; ++parts) {
    if (channels / groups / parts < kLeastChunk)
      break;
    if (!dividesPanels(channels / groups, parts))
      continue;
    plan.chunk = channels / groups / parts;
    plan.chunksPerPiece = parts;
  }
}

/// At most so many rounds of register tiles per block that two threads have as
/// many pieces each, where there are few.
int64_t WinogradPlanner::evenRounds(int64_t most) const {
  auto pieces = [&](int64_t rounds) {
    return llvm::divideCeil(plan.totalTiles, rounds * plan.tileRows) *
           plan.groups();
  };
  if (pieces(most) >= kManyPieces)
    return most;
  for (int64_t rounds = most; rounds > 0; --rounds)
    if (pieces(rounds) % 2 == 0)
      return rounds;
  return most;
}

void WinogradPlanner::chooseTile() {
  int64_t vectors = llvm::divideCeil(plan.chunk, int64_t(plan.lanes));
  int64_t tiles = std::min(plan.totalTiles, kBlockTiles);
  double bestCost = 0;
  unsigned group = scalarsPerLoad(spec, plan.contraction.element);
  for (int64_t v = 1; v <= std::min<int64_t>(vectors, 6); ++v) {
    // Blocks of columns and panels of weights begin together.
    if ((v * plan.lanes) % 16 != 0 && 16 % (v * plan.lanes) != 0)
      continue;
    for (int64_t rows = 1; rows <= tiles; ++rows) {
      if (!fitsRegisters(spec, rows, v, group > 1 ? rows : 1))
        break;
      // Rows of a block that are not there are computed all the same.
      double rounds = double(llvm::divideCeil(plan.totalTiles, rows));
      double cost = rounds * double(vectors / v) *
                    tileCycles(spec, rows, v, 1, group);
      if (vectors % v)
        cost += rounds * tileCycles(spec, rows, vectors % v, 1, group);
      if (bestCost != 0 && cost >= bestCost)
        continue;
      bestCost = cost;
      plan.tileRows = unsigned(rows);
      plan.tileVectors = unsigned(v);
    }
  }
  int64_t blocks = llvm::divideCeil(plan.totalTiles, mostBlockTiles());
  int64_t wanted = llvm::divideCeil(plan.totalTiles, blocks);
  int64_t rounds =
      std::max<int64_t>((wanted + plan.tileRows / 2) / plan.tileRows, 1);
  plan.blockTiles = evenRounds(rounds) * plan.tileRows;
  // Transformed inputs serve as many chunks as leave enough pieces.
  blocks = llvm::divideCeil(plan.totalTiles, plan.blockTiles);
  while (plan.groups() > 1 && blocks * (plan.groups() / 2) >= kPieces &&
         plan.groups() % 2 == 0)
    plan.chunksPerPiece *= 2;
  plan.tileCount = uint32_t(blocks * plan.groups());
  plan.cycles = bestCost * double(plan.chunks());
}

/// Equal blocks of input channels.
void WinogradPlanner::chooseSumBlock() {
  bool half = plan.contraction.element.isF16();
  int64_t most = plan.outputs == 2 && !half ? 2 * kSumBlock : kSumBlock;
  int64_t count = llvm::divideCeil(plan.inChannels(), most);
  plan.sumBlock = llvm::divideCeil(plan.inChannels(), count);
}

/// Adds what is beside the products: the transforms, whose operations are a
/// few per element, and the weights' way from the outer caches.
void WinogradPlanner::estimate() {
  double points = double(plan.points());
  double products =
      plan.cycles * points * double(plan.depth.taps * plan.inChannels());
  double weights = double(plan.weightBytes());
  double blocks = double(llvm::divideCeil(plan.totalTiles, plan.blockTiles));
  double traffic =
      weights > double(spec.l2Bytes) / 2
          ? weights / kFirstBytes + weights * (blocks - 1) / kLaterBytes
          : 0;
  double tiles = double(plan.totalTiles);
  double in = tiles * double(plan.inPitch() / plan.lanes) *
              double(plan.groups()) * 3.5 * points;
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
      classify(op, spec, reason, weights, /*keepReductions=*/true);
  if (failed(contraction))
    return failure();
  WinogradPlanner planner{spec, reason, {}};
  planner.plan.contraction = std::move(*contraction);
  planner.plan.outputs = outputs;
  if (failed(planner.checkOperands(op)) || failed(planner.findLoops()))
    return failure();
  planner.chooseChunks();
  planner.chooseTile();
  planner.chooseSumBlock();
  planner.estimate();
  return std::move(planner.plan);
}

KernelWork cpu::workOf(DispatchOp op, const WinogradPlan &plan) {
  double flops = 2;
  for (const FlatLoop &loop : plan.nest().loops)
    flops *= double(loop.extent);
  double channels = double(plan.outChannels());
  double perTile =
      2 * double(plan.points() * plan.depth.taps * plan.inChannels());
  double vectors = flops / (2 * double(plan.contraction.reductionPoints())) /
                   plan.lanes;
  KernelWork work{flops, perTile * channels * double(plan.totalTiles),
                  plan.cycles + vectors * epilogueCycles(op)};
  work.issuedFlops = perTile * double(plan.chunks() * plan.outPitch()) *
                     double(llvm::alignTo(plan.totalTiles, plan.tileRows));
  return work;
}
