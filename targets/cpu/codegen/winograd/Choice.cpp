// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Packing.h"
#include "targets/cpu/codegen/winograd/Rounding.h"
#include "targets/cpu/codegen/winograd/Transforms.h"
#include "targets/cpu/codegen/winograd/Winograd.h"
#include "targets/cpu/codegen/winograd/WinogradPlan.h"

#include "compiler/support/Constants.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

/// Steps of plain sums that are added up one after the other.
static constexpr double kPlainBlock = 256;
/// How much the rounding of a whole network may grow by filtering, as a
/// factor of the error's deviation.
static constexpr double kMostGrowth = 1.6;
/// What the time of a kernel must be, compared to one of less rounding.
static constexpr double kGain = 0.96;

namespace {

/// A kernel that a convolution can have.
struct Choice {
  int64_t outputs = 0; ///< results per tile and dimension; 0: plain sums
  unsigned axes = 0;   ///< of the filter
  double cycles = 0, rounding = 0;
  double bytes = 0; ///< of weights beyond the plain ones
};

struct Candidate {
  DispatchOp op;
  unsigned weights = 0; ///< operand
  SmallVector<Choice, 3> choices;
  unsigned chosen = 0;
};

} // namespace

/// Cycles of the direct kernel: two multiply-adds per cycle, less what its
/// tiles waste at most.
static double directCycles(const Contraction &c, const CpuSpec &spec) {
  double points = 1;
  for (const FlatLoop &loop : c.nest.loops)
    points *= double(loop.extent);
  return points / (2.0 * spec.lanes(elementBytes(c.element))) * 1.02;
}

/// Whether the operand is constant weights co x ci x window, in that order,
/// the window's extents beside ones being the depth, if any, and threes.
static bool areFilters(DispatchOp op, unsigned operand,
                       const WinogradPlan &plan) {
  auto type = cast<RankedTensorType>(op.getInputs()[operand].getType());
  AffineMap map = op.getLoad(operand).getMap();
  if (!constantOf(op.getInputs()[operand]) || type.getRank() < 3)
    return false;
  SmallVector<int64_t> window, wanted(plan.axes(), 3);
  for (int64_t extent : type.getShape().drop_front(2))
    if (extent != 1)
      window.push_back(extent);
  if (plan.depth.taps > 1)
    wanted.insert(wanted.begin(), plan.depth.taps);
  auto isReduction = [&](AffineExpr expr) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    return dim && dim.getPosition() >= op.getParallelRank();
  };
  return window == wanted &&
         map.isProjectedPermutation(/*allowZeroInResults=*/true) &&
         isReduction(map.getResult(1)) && !isReduction(map.getResult(0));
}

static Candidate makeCandidate(DispatchOp op, const CpuSpec &spec,
                               int64_t most) {
  Candidate candidate{op, 0, {}, 0};
  std::string reason;
  FailureOr<Contraction> plain = classify(op, spec, reason);
  if (failed(plain) || !plain->sum.isF32())
    return candidate;
  bool half = plain->element.isF16();
  candidate.choices.push_back(
      {0, 0, directCycles(*plain, spec),
       roundingOfSums(double(plain->reductionPoints()),
                      half ? double(kHalfBlock) : kPlainBlock, half)});
  unsigned weights = candidate.weights = plain->vectorLoad;
  LayoutOverride packed{int(weights), packedWeightLayout(op, weights, spec)};
  for (int64_t outputs : {2, 4}) {
    if (outputs > most || !packed.layout || op.getConfigAttr())
      break;
    FailureOr<WinogradPlan> plan =
        planWinograd(op, spec, outputs, reason, packed);
    if (failed(plan) || !areFilters(op, weights, *plan))
      break;
    double rounding = roundingOfFiltering(constantOf(op.getInputs()[weights]),
                                          FilterTransform(outputs),
                                          plan->axes(), plan->sumBlock, half);
    double points = double(plan->points()), taps = plan->axes() == 2 ? 9 : 3;
    candidate.choices.push_back(
        {outputs, plan->axes(), plan->cycles, rounding,
         double(plan->weightBytes()) * (1 - taps / points)});
    if (plan->cycles < kGain * candidate.choices[candidate.chosen].cycles)
      candidate.chosen = candidate.choices.size() - 1;
  }
  return candidate;
}

/// Takes slower kernels that have less of `cost`, those first that lose the
/// least time for it, until the sum of all is at most `most`. None of more
/// bytes is taken where these are limited.
static void reduce(MutableArrayRef<Candidate> candidates, double Choice::*cost,
                   double most, bool limited) {
  double sum = 0;
  for (const Candidate &candidate : candidates)
    sum += candidate.choices[candidate.chosen].*cost;
  while (sum > most) {
    Candidate *best = nullptr;
    unsigned next = 0;
    double price = 0;
    for (Candidate &candidate : candidates) {
      const Choice &now = candidate.choices[candidate.chosen];
      for (auto [i, other] : llvm::enumerate(candidate.choices)) {
        if (other.*cost >= now.*cost || (limited && other.bytes > now.bytes))
          continue;
        double lost = (other.cycles - now.cycles) / (now.*cost - other.*cost);
        if (best && lost >= price)
          continue;
        best = &candidate, next = unsigned(i), price = lost;
      }
    }
    if (!best)
      return;
    sum -= best->choices[best->chosen].*cost;
    best->chosen = next;
    sum += best->choices[next].*cost;
  }
}

DictionaryAttr cpu::winogradConfig(DispatchOp op, int64_t outputs) {
  Builder b(op.getContext());
  return b.getDictionaryAttr(
      {b.getNamedAttr("kernel", b.getStringAttr("winograd")),
       b.getNamedAttr("outputs", b.getI64IntegerAttr(outputs))});
}

static void apply(const Candidate &candidate) {
  const Choice &choice = candidate.choices[candidate.chosen];
  DispatchOp op = candidate.op;
  Value operand = op.getInputs()[candidate.weights];
  OpBuilder b(op);
  ElementsAttr transformed =
      transformWeights(constantOf(operand), FilterTransform(choice.outputs),
                       choice.axes);
  op->setOperand(candidate.weights,
                 ConstantOp::create(b, operand.getLoc(), transformed));
  op.setConfigAttr(winogradConfig(op, choice.outputs));
  op.emitRemark() << llvm::formatv(
      "filtering F({0}, 3): estimated rounding {1:f1} times that of plain sums",
      choice.outputs,
      std::sqrt(choice.rounding / candidate.choices[0].rounding));
}

void cpu::chooseWinograd(ArrayRef<DispatchOp> ops, const CpuSpec &spec,
                         const WinogradOptions &options) {
  SmallVector<Candidate> candidates;
  double plain = 0;
  for (DispatchOp op : ops) {
    if (options.most == 0 || op.getKind() != RootKind::Contract)
      continue;
    Candidate candidate = makeCandidate(op, spec, options.most);
    if (candidate.choices.empty())
      continue;
    plain += candidate.choices[0].rounding;
    candidates.push_back(std::move(candidate));
  }
  bool limited = options.mostBytes != INT64_MAX;
  if (limited)
    reduce(candidates, &Choice::bytes, double(options.mostBytes), limited);
  if (options.bounded)
    reduce(candidates, &Choice::rounding, kMostGrowth * kMostGrowth * plain,
           limited);
  for (const Candidate &candidate : candidates)
    if (candidate.chosen != 0)
      apply(candidate);
}
