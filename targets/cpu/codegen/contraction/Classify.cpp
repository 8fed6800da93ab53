// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/contraction/Classify.h"

#include "compiler/support/Constants.h"

#include "llvm/ADT/SetVector.h"

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

/// The loads that a value of the prologue is computed from.
static void collectLoads(Value value, llvm::SetVector<unsigned> &loads) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    loads.insert(argument.getArgNumber());
    return;
  }
  for (Value operand : value.getDefiningOp()->getOperands())
    collectLoads(operand, loads);
}

namespace {

/// Finds the roles; holds what the steps share.
struct Classifier {
  DispatchOp op;
  const CpuSpec &spec;
  std::string &reason;
  Contraction result;

  LogicalResult fail(const Twine &why) {
    reason = why.str();
    return failure();
  }
  Value yielded(unsigned i) {
    return op.getPrologueBlock().getTerminator()->getOperand(i);
  }

  bool isConstant(unsigned load) {
    return bool(constantOf(op.getInputs()[load]));
  }

  LogicalResult checkPayloads();
  bool chooseVector(unsigned yield);
  LogicalResult chooseVectorOperand();
  LogicalResult sortLoops();
  LogicalResult findWindows();
  LogicalResult findShift();
  LogicalResult checkStores();
  void chooseScalar();
};

LogicalResult Classifier::checkPayloads() {
  Type element = result.sum = yielded(0).getType();
  result.element = elementOfProducts(spec, {yielded(0), yielded(1)});
  // Loops over windows and shifts are not cut into blocks of sums.
  for (const FlatAccess &access : result.nest.accesses) {
    bool whole = access.shift.has_value();
    for (const Border &border : access.borders)
      for (unsigned i = 0; i < result.nest.loops.size(); ++i)
        whole |= border.factors[i] != 0 && result.nest.loops[i].reduction &&
                 result.extent(i) > kMostHalfSteps;
    if (whole)
      result.element = result.sum;
  }
  if (!element.isF32() && !element.isF64() && !element.isInteger(32) &&
      !element.isInteger(64))
    return fail("the product is not of four or eight bytes");
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

/// How well `loop` serves as the vector loop; 0 if not at all. A constant is
/// packed for whichever loop it is.
static int64_t vectorScore(const FlatNest &nest, const FlatAccess &vector,
                           bool constant, ArrayRef<unsigned> scalarLoads,
                           unsigned loop) {
  const FlatLoop &info = nest.loops[loop];
  if (info.reduction || !vector.uses(loop))
    return 0;
  for (unsigned load : scalarLoads)
    if (nest.accesses[load].uses(loop))
      return 0;
  // Neighbours are worth as much as there are of them.
  int64_t lanes = std::min<int64_t>(info.extent, 16), neighbours = 0;
  neighbours += constant || hasUnitStride(vector, loop) ? 3 : 0;
  for (const FlatAccess &store : nest.stores())
    neighbours += store.strides[loop] == 1 ? 2 : 0;
  return 1 + lanes + neighbours * lanes;
}

/// Tries the prologue's operand `yield` as the vector operand; sets the
/// result's fields if it beats `bestScore`.
bool Classifier::chooseVector(unsigned yield) {
  llvm::SetVector<unsigned> vectors, scalars;
  collectLoads(yielded(yield), vectors);
  if (vectors.size() != 1)
    return false;
  const FlatNest &nest = result.nest;
  const FlatAccess &vector = nest.accesses[vectors[0]];
  if (!vector.borders.empty() || vector.shift ||
      op.getLoad(vectors[0]).getNorm())
    return false;
  collectLoads(yielded(1 - yield), scalars);
  bool constant = isConstant(vectors[0]);
  int64_t best = 0;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    int64_t score =
        vectorScore(nest, vector, constant, scalars.getArrayRef(), loop);
    if (score < best || score == 0)
      continue;
    best = score;
    result.vectorLoop = loop;
  }
  if (best == 0)
    return false;
  result.vectorLoad = vectors[0];
  result.scalarYield = 1 - yield;
  result.scalarLoads.assign(scalars.begin(), scalars.end());
  result.packVector = !hasUnitStride(vector, result.vectorLoop);
  result.plainVector = result.packVector || isPlainLoad(yielded(yield), result.element);
  return true;
}

LogicalResult Classifier::chooseVectorOperand() {
  auto scoreOf = [&](const Contraction &c) {
    return vectorScore(c.nest, c.vectorAccess(), isConstant(c.vectorLoad),
                       c.scalarLoads, c.vectorLoop);
  };
  bool found = chooseVector(1);
  Contraction first = result;
  if (!chooseVector(0)) {
    if (!found)
      return fail("no operand is one load with a loop of its own");
    result = std::move(first);
    return success();
  }
  if (found && scoreOf(first) >= scoreOf(result))
    result = std::move(first);
  return success();
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
  if (result.reductionLoops.empty())
    return fail("there is nothing to sum");
  int summed = -1;
  if (failed(findSummedLoop(op, nest, summed, reason)))
    return failure();
  result.sumsRow = summed >= 0;
  if (result.sumsRow && !llvm::is_contained(rows, unsigned(summed)))
    return fail("sums run over the columns or batches");
  // Whether a shifted load is outside is decided for whole rows.
  SmallVector<unsigned> steady(rows);
  for (const FlatAccess &access : nest.accesses)
    if (access.shift)
      llvm::erase_if(steady, [&](unsigned loop) {
        return access.shift->border.factors[loop] != 0;
      });
  result.rowLoop = result.sumsRow ? summed : chooseRowLoop(nest, steady);
  for (unsigned loop : rows)
    if (int(loop) != result.rowLoop)
      result.outerRowLoops.push_back(loop);
  return success();
}

LogicalResult Classifier::findWindows() {
  const FlatNest &nest = result.nest;
  for (unsigned load : result.scalarLoads)
    if (!nest.accesses[load].borders.empty() &&
        !isZeroAtFill(op.getPrologueBlock(), result.scalarYield, load,
                      nest.accesses[load].fill))
      return fail("padding does not give zero");
  return cpu::findWindows(nest, result.scalarLoads, result.rowLoop,
                          result.windows, reason);
}

/// A shifted load is the scalar operand itself, shifted along a loop of the
/// reduction by segments; being outside is decided for whole rows.
LogicalResult Classifier::findShift() {
  for (auto [i, access] : llvm::enumerate(result.nest.accesses))
    if (access.shift)
      result.shiftedLoad = int(i);
  const FlatShift *shift = result.shift();
  if (!shift)
    return success();
  if (!llvm::is_contained(result.scalarLoads, unsigned(result.shiftedLoad)) ||
      !isPlainLoad(yielded(result.scalarYield), result.sum) ||
      result.nest.accesses[result.shiftedLoad].fill != 0)
    return fail("a shifted load is not the scalar operand, padded with zeros");
  if (!result.nest.loops[shift->loop].reduction)
    return fail("a shift is not along the reduction");
  for (unsigned loop : result.reductionLoops)
    if (shift->border.factors[loop] != 0)
      return fail("a shifted coordinate moves with the reduction");
  if (result.rowLoop >= 0 && shift->border.factors[result.rowLoop] != 0)
    return fail("a shifted coordinate moves along the row");
  return success();
}

/// A store that goes round does so by channels that are lanes.
LogicalResult Classifier::checkStores() {
  for (const FlatAccess &store : result.nest.stores())
    for (const FlatWrap &wrap : store.wraps)
      if (wrap.loop != result.vectorLoop ||
          wrap.axisLoop == result.vectorLoop ||
          store.strides[result.vectorLoop] != 1)
        return fail("a shifted store is not shifted by groups of lanes");
  return success();
}

/// A scalar operand that is more than a load is prepared where its rows are
/// whole vectors along the one reduction loop.
void Classifier::chooseScalar() {
  if (isPlainLoad(yielded(result.scalarYield), result.element) ||
      result.packVector || result.reductionLoops.size() != 1 || !result.windows.empty())
    return;
  unsigned loop = result.reductionLoops[0];
  result.prepareScalar = llvm::all_of(result.scalarLoads, [&](unsigned load) {
    int64_t stride = result.nest.accesses[load].strides[loop];
    return stride == 0 || stride == 1;
  });
}

} // namespace

FailureOr<Contraction> cpu::classify(DispatchOp op, const CpuSpec &spec,
                                     std::string &reason,
                                     LayoutOverride override,
                                     bool keepReductions) {
  Classifier c{op, spec, reason, {}};
  FailureOr<FlatNest> nest = FlatNest::of(op, override, /*shifts=*/true);
  if (failed(nest)) {
    reason = "an access is indexed or its layout is tiled twice";
    return failure();
  }
  c.result.nest = std::move(*nest);
  mergeLoops(c.result.nest, keepReductions);
  for (FlatAccess &access : c.result.nest.accesses) {
    if (!access.resolveTile()) {
      reason = "a tiled coordinate is not one loop";
      return failure();
    }
  }
  if (failed(c.checkPayloads()) || failed(c.chooseVectorOperand()) ||
      failed(c.sortLoops()) || failed(c.findWindows()) ||
      failed(c.findShift()) || failed(c.checkStores()))
    return failure();
  c.chooseScalar();
  for (auto [i, access] : llvm::enumerate(c.result.nest.accesses)) {
    bool tiled = llvm::any_of(access.tiledFactors, [](int64_t f) { return f; });
    if (tiled && (i != c.result.vectorLoad || c.result.packVector)) {
      reason = "a tiled operand is not the vector operand";
      return failure();
    }
  }
  return std::move(c.result);
}
