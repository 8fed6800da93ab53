// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/codegen/MatrixPlan.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>
#include <numeric>

using namespace mlir;
using namespace visir;
using namespace visir::cuda;
using tiled::GroupLimits;
using tiled::ProductSide;

int cuda::loadOfFactor(DispatchOp op, unsigned yielded) {
  auto argument =
      dyn_cast_if_present<BlockArgument>(narrowFactor(op, yielded));
  return argument ? int(argument.getArgNumber()) : -1;
}

int64_t cuda::alignedRun(const NestAccess &access, const Nest &nest,
                         ArrayRef<unsigned> dims) {
  if (!access.indexed.empty())
    return 1;
  // A copy is of zeros as a whole or not at all.
  if (!access.checks.empty() && access.fill != 0)
    return 1;
  auto isChecked = [&](unsigned dim) {
    return llvm::any_of(access.checks, [&](const Coordinate &c) {
      return c.expr.dependsOn(dim);
    });
  };
  int64_t block = 1, common = access.address.offset;
  llvm::SmallDenseSet<unsigned> joined;
  for (unsigned dim : llvm::reverse(dims)) {
    if (access.address.factors[dim] != block || isChecked(dim))
      break;
    block *= nest.dims[dim].extent;
    joined.insert(dim);
  }
  common = std::gcd(common, block);
  for (const Coordinate &c : access.checks)
    common = std::gcd(common, c.stride);
  for (unsigned dim = 0; dim < nest.dims.size(); ++dim)
    if (!joined.contains(dim))
      common = std::gcd(common, access.address.factors[dim]);
  for (int64_t run = kChunk; run > 1; run /= 2)
    if (common % run == 0)
      return run;
  return 1;
}

static MatrixSide makeSide(DispatchOp op, const tiled::ProductPlan &plan,
                           const ProductSide &side) {
  MatrixSide made;
  made.load = loadOfFactor(op, side.yield);
  if (made.load < 0)
    return made;
  if (!llvm::is_contained(op.getTies(), int64_t(made.load)))
    made.run = alignedRun(plan.nest.loads[made.load], plan.nest,
                          side.deepFast ? plan.sums : side.dims);
  return made;
}

/// Sums, fragments of both sides, elements on their way, and addresses. The
/// figures are what ptxas takes for kernels of models (registers.txt).
int64_t MatrixPlan::registers() const {
  constexpr int64_t kBase = 64, kPerLoaded = 4, kPerCopied = 2;
  int64_t across = product.columns.perThread, down = product.rows.perThread;
  int64_t count = kBase + down * across + 2 * down + across;
  for (const MatrixSide *side : {&rows, &columns}) {
    int64_t brought = broughtElements(*side);
    count += side->isCopied()
                 ? kPerCopied * llvm::divideCeil(brought, side->run)
                 : kPerLoaded * brought;
  }
  return count;
}

/// How many blocks a core has room for, with its registers, shared memory and
/// threads.
static int64_t roomFor(const MatrixPlan &plan) {
  constexpr int64_t kRegisters = 65536, kShared = 98304, kThreads = 1024;
  int64_t threads = plan.product.threads();
  int64_t room = std::min({kThreads / threads,
                           kShared / (2 * plan.sharedElements()),
                           kRegisters / (threads * plan.registers())});
  return std::max<int64_t>(room, 1);
}

namespace {

/// Estimates cycles of a device whose core does 1024 multiply-adds of matrices
/// and 128 bytes of shared memory a cycle, as those of today do at least.
struct CostModel {
  const MatrixPlan &plan;
  const GroupLimits &limits;

  double cycles() const {
    const tiled::ProductPlan &product = plan.product;
    double rows = product.rows.tile, columns = product.columns.tile;
    double down = product.rows.threads() / 8.0;
    double across = product.columns.threads() / 4.0;
    double work = rows * columns * product.depth / 1024;
    double reads = (rows * across + columns * down) * product.depth * 2 / 128;
    constexpr double kStep = 30; // a barrier and what waits for it
    double step = std::max(work, reads) + staging(plan.rows, product.rows) +
                  staging(plan.columns, product.columns) + kStep;
    double share =
        double(llvm::divideCeil(product.groups(), limits.processors));
    double atOnce = double(plan.resident);
    constexpr double kLatency = 600, kLaunch = 1000;
    double waiting = std::max(step, kLatency / (plan.stages - 1));
    double steps = product.steps();
    double ending = share * rows * columns / 16;
    return std::max(share * steps * step,
                    std::ceil(share / atOnce) * (steps * waiting + kLatency)) +
           ending + kLaunch;
  }

private:
  double staging(const MatrixSide &side, const ProductSide &of) const {
    constexpr double kCopy = 0.17, kLoad = 0.07;
    return side.elements() / side.run *
           ((side.isCopied() ? kCopy : kLoad) +
            plan.product.addressCycles(of));
  }
};

/// Tries all tiles that the limits admit and keeps the cheapest.
class TileSearch {
public:
  TileSearch(MatrixPlan &plan, const GroupLimits &limits)
      : plan(plan), limits(limits) {}

  bool run() {
    for (int64_t depth : {16, 32, 64})
      for (int64_t down : {1, 2, 4})
        for (int64_t across : {1, 2, 4})
          for (int64_t rows : {1, 2, 4})
            for (int64_t columns : {2, 4, 8})
              if (rows * columns <= 16)
                tryTile(depth, {down, rows}, {across, columns});
    if (least == std::numeric_limits<double>::max())
      return false;
    plan = best;
    return true;
  }

private:
  /// Warps, and 16 rows or 8 columns of each.
  struct Count {
    int64_t warps, matrices;
  };

  void tryTile(int64_t depth, Count rows, Count columns) {
    tiled::ProductPlan &product = plan.product;
    product.depth = depth;
    setTile(product.rows, 2 * rows.matrices, 8 * rows.warps);
    setTile(product.columns, 2 * columns.matrices, 4 * columns.warps);
    setShape(plan.rows, product.rows);
    setShape(plan.columns, product.columns);
    for (const ProductSide *side : {&product.rows, &product.columns})
      if (side->tile > 16 && side->tile >= 2 * side->extent)
        return;
    // A thread has 255; what is not estimated may need some.
    constexpr int64_t kMostRegisters = 192;
    if (product.threads() < 64 || product.threads() > limits.threads ||
        plan.registers() > kMostRegisters)
      return;
    for (plan.stages = 2; plan.stages <= (plan.copies() ? 4 : 2);
         ++plan.stages) {
      if (2 * plan.sharedElements() > limits.sharedBytes)
        return;
      plan.resident = std::min(
          roomFor(plan),
          int64_t(llvm::divideCeil(product.groups(), limits.processors)));
      double cycles = CostModel{plan, limits}.cycles();
      if (cycles < least) {
        least = cycles;
        best = plan;
      }
    }
  }

  static void setTile(ProductSide &side, int64_t perThread, int64_t threads) {
    side.perThread = perThread;
    side.tile = perThread * threads;
  }

  void setShape(MatrixSide &side, const ProductSide &of) {
    side.lines = of.deepFast ? of.tile : plan.product.depth;
    side.chunks = (of.deepFast ? plan.product.depth : of.tile) / kChunk;
  }

  MatrixPlan &plan;
  const GroupLimits &limits;
  MatrixPlan best;
  double least = std::numeric_limits<double>::max();
};

} // namespace

FailureOr<MatrixPlan> cuda::planMatrices(DispatchOp op,
                                         const GroupLimits &limits) {
  if (op.getKind() != RootKind::Contract || !limits.matrix)
    return failure();
  Value first = narrowFactor(op, 0), second = narrowFactor(op, 1);
  if (!first || !second || first.getType() != second.getType())
    return failure();
  FailureOr<tiled::ProductPlan> sorted = tiled::sortProduct(op);
  // Below, most of a matrix would be idle.
  constexpr int64_t kLeastExtent = 8, kLeastSum = 16;
  if (failed(sorted) ||
      std::min(sorted->rows.extent, sorted->columns.extent) < kLeastExtent ||
      sorted->sumCount < kLeastSum)
    return failure();
  MatrixPlan plan;
  plan.product = std::move(*sorted);
  plan.product.matrix = true;
  plan.narrow = cast<FloatType>(first.getType());
  plan.rows = makeSide(op, plan.product, plan.product.rows);
  plan.columns = makeSide(op, plan.product, plan.product.columns);
  if (!TileSearch(plan, limits).run())
    return failure();
  return plan;
}
