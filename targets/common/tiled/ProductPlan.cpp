// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/common/tiled/ProductPlan.h"

#include "compiler/analysis/DispatchForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace visir;
using namespace visir::tiled;

using Dims = SmallVector<unsigned, 4>;

int64_t ProductPlan::innerSum() const {
  return sums.empty() ? 1 : nest.dims[sums.back()].extent;
}

double ProductPlan::addressCycles(const ProductSide &side) const {
  constexpr double kLinear = 0.08, kDigits = 0.06, kChecks = 0.06;
  if (sums.size() < 2 || stepsInside())
    return kLinear;
  return kLinear + kDigits + (side.checked ? kChecks : 0);
}

// The paddings spread over all 32 banks of shared memory what the threads of a
// warp read at once (a matrix's fragments: eight places by four depths) or,
// where these broadcast, what they write.
StageLayout ProductPlan::layoutOf(const ProductSide &side) const {
  if (matrix && side.deepFast)
    return {depth + 4, 1, (depth + 4) * side.tile};
  int64_t pitch = side.tile;
  if (matrix && side.tile > 8)
    pitch += 8;
  else if (side.deepFast)
    pitch += side.tile >= 4 ? 4 : 1;
  return {1, pitch, pitch * depth};
}

int64_t ProductPlan::sharedElements() const {
  int64_t stages = (steps() > 1 ? 2 : 1) * stageElements();
  int64_t partial = slices > 1 ? slices * rows.tile * columns.tile : 0;
  return std::max(stages, partial);
}

Value tiled::narrowFactor(DispatchOp op, unsigned yielded) {
  Operation *yield = op.getPrologueBlock().getTerminator();
  auto extension = yield->getOperand(yielded).getDefiningOp<arith::ExtFOp>();
  if (!extension || !extension.getType().isF32())
    return {};
  Type type = extension.getIn().getType();
  return type.isF16() || type.isBF16() ? extension.getIn() : Value();
}

static int64_t points(const Nest &nest, ArrayRef<unsigned> dims) {
  int64_t count = 1;
  for (unsigned dim : dims)
    count *= nest.dims[dim].extent;
  return count;
}

namespace {

/// The loads of one operand.
struct Operand {
  SmallVector<unsigned> loads;

  bool dependsOn(const Nest &nest, unsigned dim) const {
    return llvm::any_of(loads, [&](unsigned load) {
      const NestAccess &access = nest.loads[load];
      return access.dependsOn(dim) ||
             llvm::any_of(access.indexed, [&](const Coordinate &c) {
               return nest.loads[c.indexLoad].dependsOn(dim);
             });
    });
  }
  /// The least distance in memory of neighbours along `dim`; 0 for none.
  int64_t stride(const Nest &nest, unsigned dim) const {
    int64_t least = 0;
    for (unsigned load : loads) {
      int64_t factor = std::abs(nest.loads[load].address.factors[dim]);
      if (factor != 0 && (least == 0 || factor < least))
        least = factor;
    }
    return least;
  }
};

/// Finds the roles of dimensions.
struct Classifier {
  ProductPlan &plan;
  Operand operands[2];

  void sortRoles();
  bool reorder();

private:
  void chooseColumns();
  /// Whether neighbours in memory lie along the sums.
  bool isDeepFast(const ProductSide &side) const;
};

} // namespace

/// Puts each parallel dimension to the batches, the rows or the columns.
void Classifier::sortRoles() {
  const Nest &nest = plan.nest;
  Dims own[2];
  plan.batches.clear();
  plan.sums.clear();
  for (unsigned dim = 0; dim < nest.dims.size(); ++dim) {
    bool first = operands[0].dependsOn(nest, dim);
    bool second = operands[1].dependsOn(nest, dim);
    if (nest.dims[dim].reduction)
      plan.sums.push_back(dim);
    else if (first == second)
      plan.batches.push_back(dim);
    else
      own[second].push_back(dim);
  }
  for (ProductSide *side : {&plan.rows, &plan.columns}) {
    side->dims = own[side->yield];
    side->extent = points(nest, side->dims);
    side->deepFast = isDeepFast(*side);
    side->checked = llvm::any_of(operands[side->yield].loads, [&](unsigned l) {
      return !nest.loads[l].checks.empty();
    });
  }
  plan.batchCount = points(nest, plan.batches);
  plan.sumCount = points(nest, plan.sums);
}

bool Classifier::isDeepFast(const ProductSide &side) const {
  auto least = [&](ArrayRef<unsigned> dims) {
    int64_t result = std::numeric_limits<int64_t>::max();
    for (unsigned dim : dims)
      if (int64_t stride = operands[side.yield].stride(plan.nest, dim);
          stride != 0 && plan.nest.dims[dim].extent > 1)
        result = std::min(result, stride);
    return result;
  };
  return least(plan.sums) < least(side.dims);
}

/// Columns are the side whose neighbours lie side by side in the result.
void Classifier::chooseColumns() {
  const LinearExpr &store = plan.nest.stores[0].address;
  auto isUnit = [&](unsigned dim) { return store.factors[dim] == 1; };
  if (llvm::any_of(plan.rows.dims, isUnit))
    std::swap(plan.rows, plan.columns);
}

/// Orders the dimensions by their roles, neighbours in memory last. Whether
/// there is something to share.
bool Classifier::reorder() {
  chooseColumns();
  if (plan.rows.extent * plan.columns.extent == 1)
    return false;
  const LinearExpr &store = plan.nest.stores[0].address;
  auto byStore = [&](unsigned a, unsigned b) {
    return std::abs(store.factors[a]) > std::abs(store.factors[b]);
  };
  // The sums go along the memory of the operand that is read along them.
  const ProductSide &leading =
      plan.rows.deepFast ? plan.rows : plan.columns;
  auto byOperand = [&](unsigned a, unsigned b) {
    const Operand &operand = operands[leading.yield];
    return operand.stride(plan.nest, a) > operand.stride(plan.nest, b);
  };
  Dims order;
  for (Dims dims : {plan.batches, plan.rows.dims, plan.columns.dims}) {
    llvm::stable_sort(dims, byStore);
    llvm::append_range(order, dims);
  }
  Dims sums = plan.sums;
  llvm::stable_sort(sums, byOperand);
  llvm::append_range(order, sums);
  permute(plan.nest, order);
  collapse(plan.nest);
  sortRoles();
  return true;
}

namespace {

/// Estimates cycles of a device whose core does 128 multiply-adds, or three
/// times 768 in matrix units, and 32 accesses to shared memory a cycle, which
/// is common to GPUs of today.
struct CostModel {
  const ProductPlan &plan;
  const GroupLimits &limits;

  double cycles() const {
    double perThread = plan.rows.perThread * plan.columns.perThread;
    double products = perThread * plan.threads() * plan.depth / plan.slices;
    double reads = double(plan.rows.perThread + plan.columns.perThread) *
                   plan.threads() * plan.depth / plan.slices;
    if (plan.matrix) {
      // A fragment's element is read once by a warp, and split.
      double sides = plan.rows.perThread * 8 + plan.columns.perThread * 4;
      reads *= (plan.rounded ? 1.5 : 2) * sides /
               (32.0 * (plan.rows.perThread + plan.columns.perThread));
      products /= plan.rounded ? 6 : 2;
    }
    // Each staged element costs its address, and less where neighbours are
    // read by neighbours.
    double staged = staging(plan.rows) + staging(plan.columns);
    double work = products / 128 + reads / 64 + staged;
    double share =
        std::ceil(double(plan.groups()) / double(limits.processors));
    double atOnce = std::min(share, std::max(1.0, 1024.0 / plan.threads()));
    // Alone, a group waits for memory in each step.
    constexpr double kLatency = 500, kLaunch = 1000;
    double busy = share * plan.steps() * work;
    double waiting =
        std::ceil(share / atOnce) * plan.steps() * (kLatency + work);
    double ending = share * (perThread * plan.threads() *
                             (plan.slices > 1 ? 1.5 : 1) / 16);
    return std::max(busy, waiting) + ending + kLaunch;
  }

private:
  double staging(const ProductSide &side) const {
    int64_t run = side.deepFast ? plan.depth : side.tile;
    double waste = run >= 8 ? 1 : 8.0 / run;
    return double(side.tile * plan.depth) * 
           (plan.addressCycles(side) + 0.06 * waste);
  }
};

} // namespace

/// Whether the tiles are such as matrix units have.
static bool fitsMatrix(const ProductPlan &plan) {
  return plan.rows.perThread % 2 == 0 && plan.columns.perThread % 2 == 0 &&
         plan.rows.threads() % 8 == 0 && plan.columns.threads() % 4 == 0 &&
         plan.depth / plan.slices % 8 == 0;
}

/// Tries all tiles that the limits admit and keeps the cheapest.
static bool chooseTiles(ProductPlan &plan, const GroupLimits &limits) {
  const int64_t bytes = plan.element.getIntOrFloatBitWidth() / 8;
  ProductPlan best;
  double least = std::numeric_limits<double>::max();
  auto tryPlan = [&] {
    if (plan.matrix && !fitsMatrix(plan))
      return;
    int64_t threads = plan.threads();
    if (threads < 64 || threads > limits.threads ||
        plan.rows.perThread * plan.columns.perThread > 64 ||
        plan.sharedElements() * bytes > limits.sharedBytes)
      return;
    double cycles = CostModel{plan, limits}.cycles();
    if (cycles < least) {
      least = cycles;
      best = plan;
    }
  };
  auto pieces = [&](ProductSide &side, int64_t threads, auto next) {
    for (side.perThread = 1; side.perThread <= 8; side.perThread *= 2) {
      side.tile = side.perThread * threads;
      // Twice the extent is wasted for sure.
      if (side.tile == 1 || side.tile < 2 * side.extent)
        next();
    }
  };
  auto tryAll = [&](bool matrix) {
    plan.matrix = matrix;
    for (plan.depth = 8; plan.depth <= 32; plan.depth *= 2)
      for (plan.slices = 1; plan.slices <= plan.depth; plan.slices *= 2)
        for (int64_t across = 1; across <= 32; across *= 2)
          for (int64_t down = 1; down <= 32; down *= 2)
            pieces(plan.columns, across, [&] {
              pieces(plan.rows, down, tryPlan);
            });
  };
  tryAll(/*matrix=*/false);
  if (limits.matrix && plan.element.isF32())
    tryAll(/*matrix=*/true);
  if (least == std::numeric_limits<double>::max())
    return false;
  plan = std::move(best);
  return true;
}

FailureOr<ProductPlan> tiled::sortProduct(DispatchOp op) {
  if (op.getKind() != RootKind::Contract)
    return failure();
  Operation *yield = op.getPrologueBlock().getTerminator();
  ProductPlan plan;
  plan.element = yield->getOperand(0).getType();
  if (!isGroupElement(plan.element))
    return failure();
  FailureOr<Nest> nest = buildNest(op);
  if (failed(nest))
    return failure();
  // Below, what is staged is hardly used again.
  constexpr int64_t kLeastSum = 4;
  if (nest->parallelPoints() == 0 || nest->reductionPoints() < kLeastSum)
    return failure();
  plan.nest = std::move(*nest);
  collapse(plan.nest);
  plan.columns.yield = 1;
  Classifier classifier{plan, {}};
  for (unsigned i = 0; i < 2; ++i)
    classifier.operands[i].loads = loadsBehind(yield->getOperand(i));
  classifier.sortRoles();
  if (!classifier.reorder())
    return failure();
  return plan;
}

FailureOr<ProductPlan> tiled::planProduct(DispatchOp op,
                                          const GroupLimits &limits) {
  FailureOr<ProductPlan> plan = sortProduct(op);
  if (failed(plan))
    return failure();
  plan->rounded = limits.tf32;
  if (!chooseTiles(*plan, limits))
    return failure();
  return plan;
}
