// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Classify.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

int64_t Contraction::points(ArrayRef<unsigned> loops) const {
  int64_t count = 1;
  for (unsigned loop : loops)
    count *= extent(loop);
  return count;
}

int64_t Contraction::reductionPoints() const { return points(reductionLoops); }

const Window *Contraction::windowOf(unsigned loop) const {
  for (const Window &window : windows)
    if (window.loop == loop)
      return &window;
  return nullptr;
}

/// The loads that a value of the prologue is computed from.
static void collectLoads(Value value, llvm::SetVector<unsigned> &loads) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    loads.insert(argument.getArgNumber());
    return;
  }
  for (Value operand : value.getDefiningOp()->getOperands())
    collectLoads(operand, loads);
}

/// Value of a scalar op whose operands are known where given.
static std::optional<double> evaluate(Operation *op,
                                      ArrayRef<std::optional<double>> in) {
  FloatAttr constant;
  if (matchPattern(op, m_Constant(&constant)))
    return constant.getValueAsDouble();
  auto isZero = [&](unsigned i) { return in[i] && *in[i] == 0; };
  if (isa<arith::MulFOp>(op) && (isZero(0) || isZero(1)))
    return 0.0;
  if (isa<arith::DivFOp>(op) && isZero(0))
    return 0.0;
  if (llvm::any_of(in, [](auto value) { return !value; }))
    return std::nullopt;
  if (isa<arith::ExtFOp, arith::TruncFOp>(op))
    return in[0];
  if (isa<math::TanhOp, math::ErfOp, math::SinOp, math::AtanOp, math::SqrtOp,
          math::AbsFOp, math::TanOp, math::AsinOp, math::SinhOp>(op) &&
      *in[0] == 0)
    return 0.0;
  return llvm::TypeSwitch<Operation *, std::optional<double>>(op)
      .Case<arith::MulFOp>([&](auto) { return *in[0] * *in[1]; })
      .Case<arith::AddFOp>([&](auto) { return *in[0] + *in[1]; })
      .Case<arith::SubFOp>([&](auto) { return *in[0] - *in[1]; })
      .Case<arith::NegFOp>([&](auto) { return -*in[0]; })
      .Case<arith::MaximumFOp, arith::MaxNumFOp>(
          [&](auto) { return std::max(*in[0], *in[1]); })
      .Case<arith::MinimumFOp, arith::MinNumFOp>(
          [&](auto) { return std::min(*in[0], *in[1]); })
      .Default([](Operation *) { return std::nullopt; });
}

bool cpu::isZeroAtFill(Block &prologue, unsigned yield, unsigned load,
                       double fill) {
  DenseMap<Value, std::optional<double>> known;
  known[prologue.getArgument(load)] = fill;
  for (Operation &op : prologue.without_terminator()) {
    SmallVector<std::optional<double>> in;
    for (Value operand : op.getOperands())
      in.push_back(known.lookup(operand));
    if (op.getNumResults() == 1)
      known[op.getResult(0)] = evaluate(&op, in);
  }
  std::optional<double> value =
      known.lookup(prologue.getTerminator()->getOperand(yield));
  return value && *value == 0;
}

namespace {

/// Finds the roles; holds what the steps share.
struct Classifier {
  DispatchOp op;
  std::string &reason;
  Contraction result;

  LogicalResult fail(const Twine &why) {
    reason = why.str();
    return failure();
  }
  Value yielded(unsigned i) {
    return op.getPrologueBlock().getTerminator()->getOperand(i);
  }

  LogicalResult checkPayloads();
  bool chooseVector(unsigned yield);
  LogicalResult chooseVectorOperand();
  void mergeLoops();
  LogicalResult sortLoops();
  LogicalResult findWindows();
};

LogicalResult Classifier::checkPayloads() {
  if (!yielded(0).getType().isF32() && !yielded(0).getType().isF64())
    return fail("the product is not f32 or f64");
  Block &epilogue = op.getEpilogueBlock();
  for (unsigned i = 0; i < result.nest.loads; ++i)
    if (!epilogue.getArgument(i + 1).use_empty() &&
        !result.nest.accesses[i].borders.empty())
      return fail("an operand of the epilogue is padded");
  return success();
}

/// Whether elements of the vector operand lie side by side along `loop`.
static bool hasUnitStride(const FlatAccess &vector, unsigned loop) {
  return vector.tile > 1 ? vector.tiledFactors[loop] == 1
                         : vector.strides[loop] == 1;
}

/// How well `loop` serves as the vector loop; 0 if not at all.
static int64_t vectorScore(const FlatNest &nest, const FlatAccess &vector,
                           ArrayRef<unsigned> scalarLoads, unsigned loop) {
  const FlatLoop &info = nest.loops[loop];
  if (info.reduction || !vector.uses(loop))
    return 0;
  for (unsigned load : scalarLoads)
    if (nest.accesses[load].uses(loop))
      return 0;
  int64_t score = 1 + std::min<int64_t>(info.extent, 16);
  score += hasUnitStride(vector, loop) ? 48 : 0;
  for (const FlatAccess &store : nest.stores())
    score += store.strides[loop] == 1 ? 32 : 0;
  return score;
}

/// Tries the prologue's operand `yield` as the vector operand; sets the
/// result's fields if it beats `bestScore`.
bool Classifier::chooseVector(unsigned yield) {
  auto argument = dyn_cast<BlockArgument>(yielded(yield));
  if (!argument)
    return false;
  const FlatNest &nest = result.nest;
  const FlatAccess &vector = nest.accesses[argument.getArgNumber()];
  if (!vector.borders.empty() || vector.element != argument.getType())
    return false;
  llvm::SetVector<unsigned> scalars;
  collectLoads(yielded(1 - yield), scalars);
  int64_t best = 0;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    int64_t score =
        vectorScore(nest, vector, scalars.getArrayRef(), loop);
    if (score < best || score == 0)
      continue;
    best = score;
    result.vectorLoop = loop;
  }
  if (best == 0)
    return false;
  result.vectorLoad = argument.getArgNumber();
  result.scalarYield = 1 - yield;
  result.scalarLoads.assign(scalars.begin(), scalars.end());
  result.packVector = !hasUnitStride(vector, result.vectorLoop);
  return true;
}

LogicalResult Classifier::chooseVectorOperand() {
  auto scoreOf = [&](const Contraction &c) {
    return vectorScore(c.nest, c.vectorAccess(), c.scalarLoads, c.vectorLoop);
  };
  bool found = chooseVector(1);
  Contraction first = result;
  if (!chooseVector(0)) {
    if (!found)
      return fail("no operand is a plain load with a loop of its own");
    result = std::move(first);
    return success();
  }
  if (found && scoreOf(first) >= scoreOf(result))
    result = std::move(first);
  return success();
}

void Classifier::mergeLoops() {
  FlatNest &nest = result.nest;
  bool changed = true;
  while (changed) {
    changed = false;
    for (unsigned outer = 0; outer < nest.loops.size() && !changed; ++outer)
      for (unsigned inner = 0; inner < nest.loops.size() && !changed; ++inner)
        if (outer != inner && nest.canMerge(outer, inner)) {
          nest.merge(outer, inner);
          changed = true;
        }
  }
}

LogicalResult Classifier::sortLoops() {
  FlatNest &nest = result.nest;
  SmallVector<unsigned> rows;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    if (nest.loops[loop].reduction)
      result.reductionLoops.push_back(loop);
    else if (loop == result.vectorLoop)
      continue;
    else if (result.vectorAccess().uses(loop))
      result.batchLoops.push_back(loop);
    else
      rows.push_back(loop);
  }
  if (rows.empty())
    return success();
  // The last loop is the row unless it is short and another is long.
  unsigned row = rows.back();
  for (unsigned loop : rows)
    if (result.extent(row) < 6 && result.extent(loop) > 2 * result.extent(row))
      row = loop;
  result.rowLoop = int(row);
  for (unsigned loop : rows)
    if (loop != row)
      result.outerRowLoops.push_back(loop);
  return success();
}

LogicalResult Classifier::findWindows() {
  const FlatNest &nest = result.nest;
  for (unsigned load : result.scalarLoads) {
    const FlatAccess &access = nest.accesses[load];
    if (access.borders.empty())
      continue;
    if (!isZeroAtFill(op.getPrologueBlock(), result.scalarYield, load,
                      access.fill))
      return fail("padding does not give zero");
    for (const Border &border : access.borders) {
      int loop = -1;
      bool outer = false;
      for (unsigned i = 0; i < nest.loops.size(); ++i) {
        if (border.factors[i] == 0 || int(i) == result.rowLoop)
          continue;
        if (!nest.loops[i].reduction)
          outer = true;
        else if (loop >= 0)
          return fail("a padded coordinate has two reduction dimensions");
        else
          loop = int(i);
      }
      bool row = result.rowLoop >= 0 && border.factors[result.rowLoop] != 0;
      if (loop < 0 || border.factors[loop] <= 0 || (row && outer))
        return fail("a padded coordinate is not a window");
      if (result.windowOf(loop))
        return fail("a window is padded twice");
      result.windows.push_back({unsigned(loop), border, row});
    }
  }
  return success();
}

} // namespace

FailureOr<Contraction> cpu::classify(DispatchOp op, std::string &reason) {
  Classifier c{op, reason, {}};
  FailureOr<FlatNest> nest = FlatNest::of(op);
  if (failed(nest)) {
    reason = "an access is indexed or its layout is tiled twice";
    return failure();
  }
  c.result.nest = std::move(*nest);
  c.mergeLoops();
  for (FlatAccess &access : c.result.nest.accesses) {
    if (!access.resolveTile()) {
      reason = "a tiled coordinate is not one loop";
      return failure();
    }
  }
  if (failed(c.checkPayloads()) || failed(c.chooseVectorOperand()) ||
      failed(c.sortLoops()) || failed(c.findWindows()))
    return failure();
  for (auto [i, access] : llvm::enumerate(c.result.nest.accesses)) {
    bool tiled = llvm::any_of(access.tiledFactors, [](int64_t f) { return f; });
    if (tiled && (i != c.result.vectorLoad || c.result.packVector)) {
      reason = "a tiled operand is not the vector operand";
      return failure();
    }
  }
  return std::move(c.result);
}
