// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/plan/LiveKeys.h"

#include "compiler/analysis/DispatchForm.h"
#include "compiler/plan/EntrySymbols.h"
#include "compiler/support/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;

namespace {

/// What is known of a scalar at all points on one side of the run-time size.
struct Fact {
  enum Kind {
    Nothing,
    Position, ///< the point's index along the axis
    Size,     ///< the run-time size itself
    Constant
  } kind = Nothing;
  TypedAttr value = {};

  static Fact of(TypedAttr value) { return {Constant, value}; }
  bool isInt(int64_t expected) const {
    auto integer = dyn_cast_or_null<IntegerAttr>(value);
    return integer && integer.getValue() == uint64_t(expected);
  }
};

/// Evaluates payloads at the points whose index along an axis is the size or
/// more (`beyond`), or less.
class SideFacts {
public:
  SideFacts(func::FuncOp func, AffineExpr size, bool beyond)
      : func(func), size(size), beyond(beyond) {}

  /// A scalar of a payload; `dim` is the dimension of the domain.
  Fact ofScalar(DispatchOp op, Value scalar, unsigned dim);

private:
  Fact ofTensor(Value tensor, unsigned axis);
  Fact ofLoad(DispatchOp op, unsigned load, unsigned dim);
  Fact ofCompare(DispatchOp op, arith::CmpIOp compare, unsigned dim);

  func::FuncOp func;
  AffineExpr size;
  bool beyond;
};

} // namespace

static bool isDim(AffineExpr expr, unsigned dim) {
  auto found = dyn_cast<AffineDimExpr>(expr);
  return found && found.getPosition() == dim;
}

/// 0, 1, 2 ... along `axis`, the only dimension of more than one element.
static bool countsUp(Value tensor, unsigned axis) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (type.getNumElements() != type.getDimSize(axis))
    return false;
  std::optional<SmallVector<int64_t>> values = constantInts(tensor);
  if (!values)
    return false;
  for (auto [i, value] : llvm::enumerate(*values))
    if (value != int64_t(i))
      return false;
  return true;
}

Fact SideFacts::ofTensor(Value tensor, unsigned axis) {
  if (tensor.getDefiningOp<ConstantOp>())
    return countsUp(tensor, axis) ? Fact{Fact::Position} : Fact();
  auto op = tensor.getDefiningOp<DispatchOp>();
  if (!op || op.getKind() != RootKind::Map)
    return {};
  unsigned number = cast<OpResult>(tensor).getResultNumber();
  AccessAttr store = op.getStore(number);
  auto dim = dyn_cast<AffineDimExpr>(store.getMap().getResult(axis));
  if (!dim || !store.getIndexAxes().empty() || store.getSum() ||
      op.getTies()[number] >= 0)
    return {};
  Operation *yield = op.getEpilogueBlock().getTerminator();
  return ofScalar(op, yield->getOperand(number), dim.getPosition());
}

Fact SideFacts::ofLoad(DispatchOp op, unsigned load, unsigned dim) {
  Value tensor = op.getInputs()[load];
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    auto length = func.getArgAttrOfType<AffineMapAttr>(argument.getArgNumber(),
                                                       "visir.length");
    return length && length.getValue().getResult(0) == size ? Fact{Fact::Size}
                                                            : Fact();
  }
  AccessAttr access = op.getLoad(load);
  if (access.getPadded() || !access.getIndexAxes().empty() ||
      access.getNorm())
    return {};
  for (auto [axis, coordinate] : llvm::enumerate(access.getMap().getResults()))
    if (isDim(coordinate, dim))
      return ofTensor(tensor, axis);
  return {};
}

Fact SideFacts::ofCompare(DispatchOp op, arith::CmpIOp compare, unsigned dim) {
  Fact lhs = ofScalar(op, compare.getLhs(), dim);
  Fact rhs = ofScalar(op, compare.getRhs(), dim);
  arith::CmpIPredicate predicate = compare.getPredicate();
  if (lhs.kind == Fact::Size && rhs.kind == Fact::Position) {
    std::swap(lhs, rhs);
    if (predicate == arith::CmpIPredicate::sgt)
      predicate = arith::CmpIPredicate::slt;
    else if (predicate == arith::CmpIPredicate::sle)
      predicate = arith::CmpIPredicate::sge;
    else
      return {};
  }
  if (lhs.kind != Fact::Position || rhs.kind != Fact::Size)
    return {};
  Builder b(op.getContext());
  if (predicate == arith::CmpIPredicate::slt)
    return Fact::of(b.getBoolAttr(!beyond));
  if (predicate == arith::CmpIPredicate::sge)
    return Fact::of(b.getBoolAttr(beyond));
  return {};
}

Fact SideFacts::ofScalar(DispatchOp op, Value scalar, unsigned dim) {
  if (auto argument = dyn_cast<BlockArgument>(scalar)) {
    unsigned roots = argument.getOwner() == &op.getEpilogueBlock()
                         ? op.getRootResultCount()
                         : 0;
    unsigned number = argument.getArgNumber();
    return number < roots ? Fact() : ofLoad(op, number - roots, dim);
  }
  auto of = [&](Value value) { return ofScalar(op, value, dim); };
  return llvm::TypeSwitch<Operation *, Fact>(scalar.getDefiningOp())
      .Case<arith::ConstantOp>(
          [](auto constant) { return Fact::of(constant.getValue()); })
      .Case<arith::CmpIOp>(
          [&](auto compare) { return ofCompare(op, compare, dim); })
      .Case<arith::SelectOp>([&](auto select) {
        Fact condition = of(select.getCondition());
        if (condition.kind != Fact::Constant)
          return Fact();
        return of(condition.isInt(0) ? select.getFalseValue()
                                     : select.getTrueValue());
      })
      .Case<arith::AndIOp>([&](auto both) {
        for (Value value : {both.getLhs(), both.getRhs()})
          if (Fact fact = of(value); fact.isInt(0))
            return fact;
        return Fact();
      })
      .Default([](Operation *) { return Fact(); });
}

static std::optional<double> floatOf(const Fact &fact) {
  auto value = dyn_cast_or_null<FloatAttr>(fact.value);
  return value ? std::optional(value.getValueAsDouble()) : std::nullopt;
}

std::optional<unsigned> visir::keyDim(DispatchOp op) {
  ValueRange operands = op.getPrologueBlock().getTerminator()->getOperands();
  auto moves = [&](unsigned operand, unsigned dim) {
    return llvm::any_of(loadsBehind(operands[operand]), [&](unsigned load) {
      return op.getLoad(load).getMap().isFunctionOfDim(dim);
    });
  };
  std::optional<unsigned> found;
  for (unsigned dim = op.getParallelRank(); dim < op.getDomainRank(); ++dim) {
    if (op.getExtents()[dim] == 1 || !moves(1, dim) || !moves(2, dim) ||
        moves(0, dim))
      continue;
    if (found)
      return std::nullopt;
    found = dim;
  }
  return found;
}

/// Whether keys from the size on are hidden by the mask and are, like their
/// values, finite.
static bool hidesRest(DispatchOp op, SideFacts facts, unsigned dim) {
  ValueRange operands = op.getPrologueBlock().getTerminator()->getOperands();
  if (operands.size() != 4)
    return false;
  std::optional<double> rest[3];
  for (unsigned i = 0; i < 3; ++i)
    rest[i] = floatOf(facts.ofScalar(op, operands[i + 1], dim));
  return rest[0] && std::isfinite(*rest[0]) && rest[1] &&
         std::isfinite(*rest[1]) && rest[2] && *rest[2] == -HUGE_VAL;
}

/// Builds a map again without one of its results, which nothing uses.
static void dropResult(RewriterBase &rewriter, DispatchOp op,
                       unsigned dropped) {
  auto form = DispatchForm::of(op);
  if (!form)
    return;
  form->stores.erase(form->stores.begin() + dropped);
  rewriter.setInsertionPoint(op);
  DispatchOp result = form->create(rewriter, op.getLoc(), rootTypesOf(op));
  auto transfer = [&](Block &from, Block &to, bool drops) {
    IRMapping mapping;
    mapping.map(from.getArguments(), to.getArguments());
    rewriter.setInsertionPointToEnd(&to);
    SmallVector<Value> values = clonePayloadOps(rewriter, from, mapping);
    if (drops)
      values.erase(values.begin() + dropped);
    YieldOp::create(rewriter, op.getLoc(), values);
  };
  transfer(op.getPrologueBlock(), result.getPrologueBlock(), false);
  transfer(op.getEpilogueBlock(), result.getEpilogueBlock(), true);
  unsigned next = 0;
  for (auto [i, old] : llvm::enumerate(op.getResults()))
    if (i != dropped)
      old.replaceAllUsesWith(result.getResult(next++));
  rewriter.eraseOp(op);
}

/// The tensor whose elements below the size a masked one has, or null: what
/// the map that masks reads, or another of its results.
static Value unmasked(Value masked, SideFacts inside, unsigned dim) {
  auto map = masked.getDefiningOp<DispatchOp>();
  if (!map || map.getKind() != RootKind::Map)
    return {};
  unsigned number = cast<OpResult>(masked).getResultNumber();
  ValueRange values = map.getEpilogueBlock().getTerminator()->getOperands();
  auto select = values[number].getDefiningOp<arith::SelectOp>();
  if (!select)
    return {};
  Fact condition = inside.ofScalar(map, select.getCondition(), dim);
  if (condition.kind != Fact::Constant)
    return {};
  Value kept = condition.isInt(0) ? select.getFalseValue()
                                  : select.getTrueValue();
  AccessAttr store = map.getStore(number);
  for (auto [i, value] : llvm::enumerate(values))
    if (i != number && value == kept && map.getStore(i) == store)
      return map.getResult(i);
  auto argument = dyn_cast<BlockArgument>(kept);
  if (!argument || argument.getOwner() != &map.getEpilogueBlock())
    return {};
  AccessAttr load = map.getLoad(argument.getArgNumber());
  bool isPlain = !load.getPadded() && load.getIndexAxes().empty() &&
                 load.getMap() == store.getMap();
  return isPlain ? map.getInputs()[argument.getArgNumber()] : Value();
}

/// Lets keys and values be read without their masking.
static void readUnmasked(RewriterBase &rewriter, DispatchOp op,
                         SideFacts inside, unsigned dim) {
  Operation *yield = op.getPrologueBlock().getTerminator();
  for (unsigned operand : {1, 2}) {
    auto argument = dyn_cast<BlockArgument>(yield->getOperand(operand));
    if (!argument)
      continue;
    unsigned load = argument.getArgNumber();
    Value masked = op.getInputs()[load];
    std::optional<unsigned> axis;
    for (auto [i, coordinate] :
         llvm::enumerate(op.getLoad(load).getMap().getResults()))
      if (isDim(coordinate, dim))
        axis = i;
    auto map = masked.getDefiningOp<DispatchOp>();
    if (!axis || !map)
      continue;
    unsigned number = cast<OpResult>(masked).getResultNumber();
    auto mapDim = dyn_cast<AffineDimExpr>(
        map.getStore(number).getMap().getResult(*axis));
    Value plain =
        mapDim ? unmasked(masked, inside, mapDim.getPosition()) : Value();
    if (!plain || plain.getType() != masked.getType())
      continue;
    op->setOperand(load, plain);
    if (!masked.use_empty())
      continue;
    if (map->use_empty())
      rewriter.eraseOp(map);
    else
      dropResult(rewriter, map, number);
  }
}

void visir::markLiveKeys(func::FuncOp func,
                         llvm::function_ref<bool(DispatchOp)> takes) {
  EntrySymbols symbols(func);
  if (symbols.list().empty())
    return;
  IRRewriter rewriter(func.getContext());
  for (DispatchOp op : llvm::to_vector(func.getOps<DispatchOp>())) {
    if (op.getKind() != RootKind::Attention || !takes(op))
      continue;
    std::optional<unsigned> dim = keyDim(op);
    for (unsigned i = 0; dim && i < func.getNumArguments(); ++i) {
      auto length = func.getArgAttrOfType<AffineMapAttr>(i, "visir.length");
      auto symbol = length ? symbols.indexOf(length.getValue().getResult(0))
                           : std::nullopt;
      if (!symbol)
        continue;
      auto range = cast<DictionaryAttr>(symbols.list()[*symbol]);
      if (range.getAs<IntegerAttr>("min").getInt() < 1 ||
          range.getAs<IntegerAttr>("max").getInt() > op.getExtents()[*dim])
        continue;
      AffineExpr size = length.getValue().getResult(0);
      if (!hidesRest(op, SideFacts(func, size, /*beyond=*/true), *dim))
        continue;
      op->setAttr(kLiveKeysAttr, length);
      readUnmasked(rewriter, op, SideFacts(func, size, /*beyond=*/false),
                   *dim);
      break;
    }
  }
}
