// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cpu/codegen/binary/SignPack.h"

#include "compiler/analysis/DispatchForm.h"
#include "compiler/support/Constants.h"
#include "targets/cpu/codegen/Cost.h"
#include "targets/cpu/codegen/Loops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace visir;
using namespace visir::cpu;

static constexpr int64_t kWordBits = 32;

namespace {
/// The comparisons of a value with 0, and the load of powers of two.
struct PackedSigns {
  arith::CmpFOp positive, negative;
  BlockArgument place;
};
} // namespace

static bool isShiftedByWord(Value value, Value of) {
  auto shift = value.getDefiningOp<arith::ShLIOp>();
  APInt amount;
  return shift && shift.getLhs() == of &&
         matchPattern(shift.getRhs(), m_ConstantInt(&amount)) &&
         amount == kWordBits;
}

static std::optional<PackedSigns> matchPack(DispatchOp op) {
  if (!isSum(op))
    return std::nullopt;
  Value yielded = op.getPrologueBlock().getTerminator()->getOperand(0);
  auto outer = yielded.getDefiningOp<arith::SelectOp>();
  if (!outer || !yielded.getType().isInteger(64))
    return std::nullopt;
  auto both = outer.getTrueValue().getDefiningOp<arith::OrIOp>();
  auto rest = outer.getFalseValue().getDefiningOp<arith::SelectOp>();
  PackedSigns signs;
  signs.positive = outer.getCondition().getDefiningOp<arith::CmpFOp>();
  if (!both || !rest || !signs.positive)
    return std::nullopt;
  signs.place = dyn_cast<BlockArgument>(both.getRhs());
  signs.negative = rest.getCondition().getDefiningOp<arith::CmpFOp>();
  if (!signs.place || !signs.negative ||
      !isShiftedByWord(both.getLhs(), signs.place) ||
      !isShiftedByWord(rest.getTrueValue(), signs.place) ||
      !matchPattern(rest.getFalseValue(), m_Zero()))
    return std::nullopt;
  return signs;
}

/// How many steps i of the domain's last dimension, the only one that is
/// reduced, the load gives 2^i at, where it gives 0 at the others; else 0.
static int64_t powersOfSteps(DispatchOp op, unsigned load) {
  unsigned last = op.getDomainRank() - 1;
  if (op.getParallelRank() != last || op.getExtents()[last] != kWordBits)
    return 0;
  auto map = AffineMap::get(op.getDomainRank(), 0,
                            getAffineDimExpr(last, op.getContext()));
  auto values = constantInts(op.getInputs()[load]);
  if (op.getLoad(load).getMap() != map || !values ||
      int64_t(values->size()) != kWordBits)
    return 0;
  int64_t count = llvm::count_if(*values, [](int64_t v) { return v != 0; });
  for (auto [i, value] : llvm::enumerate(*values))
    if (value != (int64_t(i) < count ? int64_t(1) << i : 0))
      return 0;
  return count;
}

bool cpu::packsSigns(DispatchOp op) {
  auto signs = matchPack(op);
  return signs && powersOfSteps(op, signs->place.getArgNumber()) > 0;
}

/// The nest of a pack whose values are neighbours along the word.
static FailureOr<Nest> nestOfPack(DispatchOp op, std::string &reason) {
  FailureOr<Nest> nest = buildNest(op);
  if (failed(nest))
    return failure();
  unsigned bit = nest->dims.size() - 1;
  for (const NestAccess &load : nest->loads)
    if (load.dependsOn(bit) && !Point::isUnit(load, *nest, bit)) {
      reason = "its channels are not neighbours in memory";
      return failure();
    }
  return nest;
}

DictionaryAttr cpu::signPackConfig(DispatchOp op, std::string &reason) {
  if (failed(nestOfPack(op, reason)))
    return {};
  Builder b(op.getContext());
  return b.getDictionaryAttr(
      b.getNamedAttr("kernel", b.getStringAttr("signs")));
}

/// The prologue with the two comparisons as what it yields.
static void cloneComparisons(DispatchOp op, PackedSigns signs,
                             Region &region) {
  IRMapping mapping;
  op.getPrologue().cloneInto(&region, mapping);
  Operation *yield = region.front().getTerminator();
  yield->setOperands({mapping.lookup(signs.positive.getResult()),
                      mapping.lookup(signs.negative.getResult())});
  // The words are made otherwise, without the places.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(region.front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// One bit per lane, of the first `count`, as an integer of 64.
static Value toBits(KernelBuilder &kb, Value lanes, int64_t count) {
  auto word = VectorType::get(1, kb.b.getIntegerType(kWordBits));
  Value packed = vector::BitCastOp::create(kb.b, kb.loc, word, lanes);
  Value bits =
      vector::ExtractOp::create(kb.b, kb.loc, packed, ArrayRef<int64_t>{0});
  bits = arith::ExtUIOp::create(kb.b, kb.loc, kb.b.getI64Type(), bits);
  if (count == kWordBits)
    return bits;
  Value first = arith::ConstantIntOp::create(
      kb.b, kb.loc, (int64_t(1) << count) - 1, 64);
  return arith::AndIOp::create(kb.b, kb.loc, bits, first);
}

FailureOr<KernelInfo> cpu::emitSignPack(DispatchOp op, const CpuSpec &spec,
                                        ModuleOp kernels, StringRef symbol,
                                        std::string &reason) {
  auto signs = matchPack(op);
  FailureOr<Nest> nest = nestOfPack(op, reason);
  if (!signs || failed(nest))
    return failure();
  KernelBuilder kb(op, spec, kernels, symbol);
  Region comparisons;
  cloneComparisons(op, *signs, comparisons);
  unsigned depth = nest->parallelRank();
  int64_t count = powersOfSteps(op, signs->place.getArgNumber());
  constexpr int64_t kTilePoints = 1 << 15;
  TileSplit tiles = planTiles(*nest, depth, kWordBits, kTilePoints);
  SmallVector<Value> index(nest->dims.size());
  emitTiles(kb, *nest, tiles, depth, index, [&](Value, Value) {
    index[depth] = kb.index(0);
    Point word(kb, *nest, index, Lanes{unsigned(kWordBits), depth, Value()});
    SmallVector<Value> tests =
        clonePayload(kb.b, comparisons.front(),
                     [&](unsigned i) { return word.load(i); });
    for (Value &test : tests)
      test = toLanes(kb.b, kb.loc, test, kWordBits);
    Value positive = toBits(kb, tests[0], count);
    Value negative = toBits(kb, tests[1], count);
    Value mask = arith::OrIOp::create(kb.b, kb.loc, positive, negative);
    Value up = arith::ConstantIntOp::create(kb.b, kb.loc, kWordBits, 64);
    Value high = arith::ShLIOp::create(kb.b, kb.loc, mask, up);
    Value packed = arith::OrIOp::create(kb.b, kb.loc, high, positive);
    Point(kb, *nest, index).epilogue({packed});
  });
  double points = double(nest->parallelPoints()) * kWordBits;
  KernelWork work;
  work.flops = work.executedFlops = work.issuedFlops = 2 * points;
  work.cycles = 2 * points / spec.lanes(4);
  setCost(op, spec, work);
  return kb.finish(tiles.count, work.flops);
}
