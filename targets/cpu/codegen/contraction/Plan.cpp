// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Plan.h"

#include "compiler/support/Constants.h"
#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/contraction/Packing.h"
#include "targets/cpu/codegen/contraction/Tile.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Multiply-adds that a piece of work has at least, and the most pieces.
static constexpr int64_t kMinWork = 200000, kMaxPieces = 64;

/// Cycles per element of a panel that is packed, and per vector of a row that
/// is prepared beside its payload.
static constexpr double kPackCycles = 0.25, kPrepareCycles = 2;

/// The part of the second-level cache that data which is read again and again
/// may have, and the delay by a vector from an outer one.
static constexpr double kNearShare = 0.75, kFarLoadCycles = 0.3;

/// Bytes of a line of the caches.
static constexpr int64_t kLineBytes = 64;

/// Registers of f16 scalars, at most, that leave room among those whose lanes
/// may be factors.
static constexpr unsigned kMostHalfScalars = 12;

/// With more row tiles the first one's waits for memory do not count.
static constexpr int64_t kMostAheadTiles = 64;

/// Cycles of a step with so many multiply-adds and loads.
static double stepCycles(const CpuSpec &spec, double products, double loads,
                         unsigned sums) {
  double throughput =
      std::max(products / spec.fmasPerCycle, loads / spec.loadsPerCycle);
  // Each sum waits for its own last product.
  return std::max(throughput, double(spec.fmaLatency) / sums) + 0.25;
}

/// Multiply-adds whose place broadcasting loads take in a step.
static double broadcasts(const CpuSpec &spec, unsigned rows, unsigned group) {
  return spec.laneFactors && group == 1 ? rows : 0;
}

double cpu::tileCycles(const CpuSpec &spec, unsigned rows, unsigned vectors,
                       unsigned sums, unsigned group) {
  double products = double(rows) * vectors + broadcasts(spec, rows, group);
  return stepCycles(spec, products, vectors + double(rows) / group, sums);
}

bool cpu::fitsRegisters(const CpuSpec &spec, unsigned rows, unsigned vectors,
                        unsigned scalars) {
  // A lane of f16 as a factor is one of the lower half of the registers.
  if (spec.halfSums && scalars > kMostHalfScalars)
    return false;
  return rows * vectors + vectors + scalars + !spec.fma <=
         spec.vectorRegisters;
}

/// Registers that hold scalars of `rows` rows.
static unsigned scalarRegisters(const TilePlan &plan, unsigned rows) {
  return plan.group > 1 ? rows
         : plan.beside > 1 ? llvm::divideCeil(rows, plan.beside)
                           : 1;
}

unsigned cpu::sumsFor(const Contraction &c, const CpuSpec &spec,
                      const TilePlan &plan, unsigned rows, unsigned vectors) {
  int64_t steps = c.extent(c.reductionLoops.back());
  unsigned sums = 1;
  // Segments of a shift begin at any step; shared tails have one sum.
  if (c.shift() || plan.packTails)
    return sums;
  double wanted = spec.fmasPerCycle * spec.fmaLatency;
  unsigned scalars = scalarRegisters(plan, rows);
  while (rows * vectors * sums < wanted && int64_t(sums) * 4 <= steps &&
         fitsRegisters(spec, rows * sums * 2, vectors, scalars))
    sums *= 2;
  return sums;
}

/// Whether the lines of a tile's rows, each of which serves some steps, do not
/// stay in the first-level cache until then: rows a power of two apart share
/// few of its sets, with the lines of the vector operand that go by.
static bool rowsCollide(const Contraction &c, const CpuSpec &spec,
                        unsigned rows, unsigned vectors) {
  if (c.rowLoop < 0 || c.prepareScalar || spec.l1Ways == 0)
    return false;
  const FlatAccess &access = c.nest.accesses[c.scalarLoads.front()];
  int64_t bytes = elementBytes(access.element);
  int64_t pitch = access.strides[c.rowLoop] * bytes;
  if (access.strides[c.reductionLoops.back()] != 1 || pitch <= 0 ||
      pitch % kLineBytes != 0)
    return false;
  int64_t sets = spec.l1Bytes / kLineBytes / spec.l1Ways;
  int64_t used = sets / std::gcd(pitch / kLineBytes, sets);
  int64_t passing = int64_t(vectors) * spec.vectorBytes / bytes;
  return llvm::divideCeil(rows, used) + llvm::divideCeil(passing, sets) >
         spec.l1Ways;
}

/// Cycles of all register tiles along the row and the vector loop, per step
/// of the reduction and outer row.
static double costOf(const Contraction &c, const CpuSpec &spec,
                     const TilePlan &plan) {
  double cost = 0, steps = double(c.reductionPoints());
  for (const ColumnClass &column : plan.columnClasses)
    for (const RowClass &row : plan.rowClasses) {
      unsigned vectors = column.columns.size();
      unsigned sums = sumsFor(c, spec, plan, row.rows, vectors);
      double once = row.rows * vectors + 12.0;
      unsigned group = std::max(plan.group, plan.beside);
      double products = plan.accumulators(row.rows, column) +
                        broadcasts(spec, row.rows, group);
      double step =
          stepCycles(spec, products, vectors + double(row.rows) / group, sums);
      // Every row tile reads the whole block of the vector operand.
      if (steps * vectors * spec.vectorBytes >
          kNearShare * double(spec.l2Bytes))
        step += vectors * kFarLoadCycles;
      if (rowsCollide(c, spec, row.rows, vectors))
        step += row.rows * kFarLoadCycles;
      cost += (step + once / steps) * double(column.blockCount) *
              double(row.tileCount);
    }
  return cost;
}

/// Whether the scalars of neighbouring steps of a loop lie side by side, so
/// that `count` of them can be one load.
static bool besideAlong(const Contraction &c, int loop, unsigned count) {
  if (loop < 0 || c.extent(loop) < count)
    return false;
  bool beside = false;
  for (unsigned load : c.scalarLoads) {
    const FlatAccess &access = c.nest.accesses[load];
    if (access.strides[loop] != 0 && (access.strides[loop] != 1 ||
                                      access.tile > 1))
      return false;
    beside |= access.strides[loop] == 1;
  }
  return beside;
}

/// How scalars are loaded together: those of some steps of a reduction loop,
/// which becomes the last one, for each row; or those of some rows.
static void chooseGroups(Contraction &c, const CpuSpec &spec, TilePlan &plan) {
  unsigned count = scalarsPerLoad(spec, c.element);
  if (count == 1)
    return;
  auto &loops = c.reductionLoops;
  if (c.prepareScalar) {
    // Rows in scratch, in the order of the loops.
    plan.group = c.extent(loops.back()) < count ? 1 : count;
    return;
  }
  auto found = llvm::find_if(llvm::reverse(loops), [&](unsigned loop) {
    return !findWindow(c.windows, loop) && besideAlong(c, int(loop), count);
  });
  if (found != loops.rend() && (*found == loops.back() || !c.shift())) {
    plan.group = count;
    std::rotate(std::prev(found.base()), found.base(), loops.end());
  } else if (besideAlong(c, c.rowLoop, count)) {
    plan.beside = count;
  }
}

/// The same for tiles with shared tails, whose rows are put together in two
/// more registers.
static bool fitsRegisters(const TilePlan &plan, const CpuSpec &spec) {
  return llvm::all_of(plan.columnClasses, [&](const ColumnClass &columns) {
    unsigned shared = plan.rowsPerTail(columns) > 1 ? 1 : 0;
    return plan.accumulators(plan.rows, columns) + columns.columns.size() + 1 +
               shared <=
           spec.vectorRegisters;
  });
}

/// Whether narrow last vectors of several rows can share an accumulator: all
/// rows take part in all steps, in one sum each, and panels are padded. Not
/// where vectors have four lanes and their lanes are factors. Not
/// for planes of a picture: tiles that are too large to write steps of such a
/// reduction side by side are the slower ones.
static bool canPackTails(const Contraction &c, const CpuSpec &spec) {
  unsigned last = c.reductionLoops.back();
  bool planes = llvm::any_of(c.scalarLoads, [&](unsigned load) {
    return c.nest.accesses[load].strides[last] > 16;
  });
  return spec.fma && !spec.laneFactors && !planes && c.element.isF32() &&
         (c.packVector || c.vectorAccess().tile > 1) &&
         !chooseSumBlocks(c, 1) &&
         llvm::none_of(c.windows,
                       [](const Window &window) { return window.alongRow; });
}

/// Bytes of the scalar operand and of the result, each element once.
static int64_t rowBytes(const Contraction &c, const TilePlan &plan) {
  int64_t steps = c.extent(c.vectorLoop);
  int64_t depth = 1;
  for (unsigned loop : c.reductionLoops)
    if (!findWindow(c.windows, loop))
      depth *= c.extent(loop);
  return (steps + depth) * c.rowExtent() * plan.counts[2] *
         elementBytes(c.element);
}

/// Bands that `count` rows are cut into before columns are: few, so that
/// panels stay panels for many rows, and of one length.
static int64_t bandsOf(int64_t count) {
  constexpr int64_t kBands = 4;
  bool even = int64_t(llvm::alignTo(count, kBands)) - count <= count / 20;
  return even ? kBands : 2;
}

/// Bytes between the first and the last element of the scalar operand.
static int64_t scalarReach(const Contraction &c) {
  const FlatAccess &access = c.nest.accesses[c.scalarLoads.front()];
  int64_t last = 0;
  for (auto [loop, stride] : llvm::zip_equal(c.nest.loops, access.strides))
    last += std::max<int64_t>(stride, 0) * (loop.extent - 1);
  return (last + 1) * elementBytes(access.element);
}

/// Whether the vector operand is to stay in the cache while bands of rows go
/// by. Where it fills most of the cache, each piece reads it anew; else each
/// block of columns reads the rows anew.
static bool sharesVectors(const Contraction &c, const CpuSpec &spec,
                          const TilePlan &plan, int64_t pieces) {
  int64_t bytes = c.reductionPoints() * c.extent(c.vectorLoop) *
                  elementBytes(c.vectorAccess().element);
  if (bytes <= spec.l2Bytes / 2)
    return true;
  int64_t rows = scalarReach(c);
  return double(bytes) <= kNearShare * double(spec.l2Bytes) &&
         rows > spec.l2Bytes && bytes * pieces < rows * plan.counts[1];
}

/// Chooses in which order the work is cut, and the most parts of each kind.
/// Where the rows stay in the cache, the vector operand is cut first, so that
/// each of its panels is read once and the next is fetched meanwhile; else one
/// that stays in the cache is shared by all pieces, which are bands of rows.
/// Between the two, where rows are more than the vector operand, a few bands
/// come first: a thread then reads the rows that it wrote itself, and does not
/// wait for another core's cache, which is as far as memory. Of a vector operand
/// that would fill the cache alone there are two bands, each of which reads it
/// from an outer cache.
static void chooseOrder(const Contraction &c, const CpuSpec &spec,
                        TilePlan &plan, int64_t pieces, int64_t (&most)[4]) {
  int64_t vectorBytes = c.reductionPoints() * c.extent(c.vectorLoop) *
                        elementBytes(c.vectorAccess().element);
  int64_t scalarBytes = c.reductionPoints() * c.rowExtent() * plan.counts[2] *
                        elementBytes(c.element);
  bool shared = sharesVectors(c, spec, plan, pieces);
  bool inCache = scalarBytes <= spec.l2Bytes / 2 && !c.prepareScalar;
  // Rows that are prepared for all columns stay whole.
  if (c.prepareScalar && shared)
    most[1] = 1;
  bool moreRows = rowBytes(c, plan) >= vectorBytes;
  bool twice = !shared && moreRows && vectorBytes <= spec.l2Bytes &&
               !c.prepareScalar;
  if (c.packVector || (!shared && !twice) || (inCache && !moreRows))
    return;
  llvm::copy(std::initializer_list<int>{0, 2, 3, 1}, plan.order);
  if (!inCache && !twice)
    return;
  auto bands = [&](int64_t count) { return twice ? 2 : bandsOf(count); };
  bool outer = plan.counts[2] > 1;
  most[2] = outer ? bands(plan.counts[2]) : 1;
  most[3] = outer ? 1 : bands(plan.counts[3]);
}

/// Cuts the work into pieces.
static void cutWork(const Contraction &c, const CpuSpec &spec, TilePlan &plan) {
  plan.counts[0] = c.points(c.batchLoops);
  plan.counts[1] = llvm::divideCeil(c.extent(c.vectorLoop), plan.blockWidth());
  plan.counts[2] = c.points(c.outerRowLoops);
  plan.counts[3] = llvm::divideCeil(c.rowExtent(), int64_t(plan.rows));
  for (int i = 0; i < 4; ++i)
    plan.chunks[i] = plan.counts[i];
  // A few rows wait for the vector operand rather than for multiply-adds.
  double perStep = std::max(1.0, 8.0 / double(plan.rows));
  double work = perStep * double(c.reductionPoints()) *
                double(c.extent(c.vectorLoop)) * double(c.rowExtent()) *
                double(plan.counts[0]) * double(plan.counts[2]);
  int64_t wanted = std::clamp<int64_t>(int64_t(work / kMinWork), 1, kMaxPieces);
  int64_t most[4] = {kMaxPieces, kMaxPieces, kMaxPieces, kMaxPieces};
  chooseOrder(c, spec, plan, wanted, most);
  // Rows of sums stay whole.
  if (c.sumsRow)
    most[3] = 1;
  int64_t pieces = 1;
  for (int i : plan.order) {
    int64_t parts = std::min({plan.counts[i], most[i],
                              std::max<int64_t>(wanted / pieces, 1)});
    plan.chunks[i] = llvm::divideCeil(plan.counts[i], parts);
    pieces *= plan.parts(i);
  }
  plan.tileCount = uint32_t(pieces);
}

/// Whether blocks of `vectors` vectors fall together with the panels of a
/// packed operand.
static bool fitsPanels(const Contraction &c, unsigned vectors, unsigned lanes) {
  int64_t width = int64_t(vectors) * lanes, tile = c.vectorAccess().tile;
  return width % tile == 0 || tile % width == 0;
}

/// The best register tile; `grouped` says how scalars are loaded.
static std::optional<TilePlan> bestPlan(const Contraction &c,
                                        const CpuSpec &spec,
                                        const TilePlan &grouped) {
  std::optional<TilePlan> best;
  double bestCost = 0;
  unsigned lanes = spec.lanes(elementBytes(c.element));
  int64_t extent = c.extent(c.vectorLoop), tile = c.vectorAccess().tile;
  int64_t vectorCount = llvm::divideCeil(extent, int64_t(lanes));
  bool packs = canPackTails(c, spec);
  bool single = c.rowExtent() == 1 && c.points(c.outerRowLoops) == 1;
  for (unsigned vectors = 1; vectors <= std::min<int64_t>(8, vectorCount);
       ++vectors) {
    if (!fitsPanels(c, vectors, lanes))
      continue;
    // One row reads the vector operand once: keep that one linear stream.
    if (single && tile > 1 && int64_t(vectors) * lanes > tile)
      continue;
    int64_t maxRows = std::min<int64_t>(c.rowExtent(), 28);
    for (unsigned rows = 1; rows <= maxRows; ++rows) {
      TilePlan plan = grouped;
      plan.rows = rows;
      plan.vectors = vectors;
      plan.lanes = lanes;
      plan.columnClasses = makeColumnClasses(extent, vectors, lanes);
      unsigned scalars = scalarRegisters(plan, rows);
      plan.packTails = packs && rows > 1 &&
                       sumsFor(c, spec, plan, rows, vectors) == 1;
      if (rows > 1 &&
          !(plan.packTails ? fitsRegisters(plan, spec)
                           : fitsRegisters(spec, rows, vectors, scalars)))
        break;
      plan.rowClasses = makeRowClasses(c.nest, c.windows, c.rowLoop, rows);
      if (plan.rowClasses.size() > kMaxRowClasses)
        continue;
      double cost = costOf(c, spec, plan);
      if (best && cost >= bestCost)
        continue;
      bestCost = cost;
      best = std::move(plan);
    }
  }
  return best;
}

/// Packed weights come from memory once per run: while the first row tiles of
/// a block are computed, the next block's panels are fetched, one each. Fewer
/// lines per step would ask for steps side by side, whose operands outlive
/// the registers.
static void planAhead(const Contraction &c, TilePlan &plan) {
  const FlatAccess &access = c.vectorAccess();
  plan.ahead = access.tile == kPanelWidth &&
               elementBytes(access.element) == 4 && !c.prepareScalar &&
               !c.shift() && plan.blockWidth() >= kPanelWidth &&
               plan.counts[2] * plan.counts[3] <= kMostAheadTiles;
}

/// Rows that lie one behind the other and come from an outer cache: as many
/// lines as steps are enough for the next tile's.
static void planNextRows(const Contraction &c, const CpuSpec &spec,
                         TilePlan &plan) {
  if (!spec.isX86() || plan.ahead || c.rowLoop < 0 || c.prepareScalar ||
      c.shift() || c.reductionLoops.size() != 1 || c.scalarLoads.size() != 1 ||
      !c.windows.empty() || !c.element.isF32())
    return;
  const FlatAccess &access = c.nest.accesses[c.scalarLoads.front()];
  unsigned loop = c.reductionLoops.front();
  plan.nextRows = access.tile <= 1 && access.strides[loop] == 1 &&
                  access.strides[c.rowLoop] == c.extent(loop) &&
                  elementBytes(access.element) == 4 &&
                  scalarReach(c) > spec.l2Bytes / 2;
}

TilePlan cpu::planTiles(Contraction &c, const CpuSpec &spec) {
  TilePlan grouped;
  chooseGroups(c, spec, grouped);
  std::optional<TilePlan> best = bestPlan(c, spec, grouped);
  if (!best) {
    for (Window &window : c.windows)
      window.alongRow = false;
    c.outerRowLoops.push_back(unsigned(c.rowLoop));
    c.rowLoop = -1;
    grouped.beside = 1;
    best = bestPlan(c, spec, grouped);
  }
  cutWork(c, spec, *best);
  planAhead(c, *best);
  planNextRows(c, spec, *best);
  return std::move(*best);
}

/// Operands that are made for the tiles: panels of the vector operand, rows of
/// the scalar one.
static double preparationCycles(DispatchOp op, const Contraction &c,
                                const TilePlan &plan) {
  double steps = double(c.reductionPoints()), batch = c.points(c.batchLoops);
  double cycles = 0;
  if (c.packVector)
    cycles += batch * steps * double(c.extent(c.vectorLoop)) * kPackCycles;
  if (c.prepareScalar)
    cycles += batch * double(c.points(c.outerRowLoops)) *
              double(c.rowExtent()) * steps / plan.lanes *
              (payloadCycles(op.getPrologueBlock()) + kPrepareCycles);
  return cycles;
}

KernelWork cpu::workOf(DispatchOp op, const Contraction &c,
                       const CpuSpec &spec, const TilePlan &plan) {
  double rowsOnce = double(c.points(c.batchLoops)) *
                    double(c.points(c.outerRowLoops));
  double steps = double(c.reductionPoints());
  double lanes = lanesOf(plan.columnClasses, plan.lanes);
  double flops = 2;
  for (const FlatLoop &loop : c.nest.loops)
    flops *= double(loop.extent);
  double vectors = rowsOnce * double(c.rowExtent()) * lanes / plan.lanes;
  double cycles = costOf(c, spec, plan) * steps * rowsOnce +
                  vectors * epilogueCycles(op) +
                  preparationCycles(op, c, plan);
  KernelWork work{flops, flops, cycles};
  work.issuedFlops = flops * lanes / double(c.extent(c.vectorLoop));
  return work;
}
