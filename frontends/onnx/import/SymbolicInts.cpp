// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/SymbolicInts.h"

#include "compiler/support/Constants.h"
#include "frontends/onnx/import/Helpers.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Shapes have few elements; more are data.
static constexpr int64_t kMaxSizes = 64;

namespace {

/// Follows a value to the constants and lengths that it is made of.
class Evaluator {
public:
  explicit Evaluator(const Symbols &symbols) : symbols(symbols) {}
  std::optional<Sizes> ints(Value value);

private:
  std::optional<Sizes> ints(ConcatOp op);
  std::optional<Sizes> ints(SliceOp op);
  std::optional<Sizes> ints(GatherOp op);
  std::optional<Sizes> ints(BinaryOp op);
  std::optional<Sizes> ints(CompareOp op);
  std::optional<Sizes> ints(SelectOp op);
  AffineExpr combine(BinaryKind kind, AffineExpr lhs, AffineExpr rhs);
  std::optional<bool> compare(CompareKind kind, AffineExpr lhs,
                              AffineExpr rhs);

  const Symbols &symbols;
};

} // namespace

/// Element `i` of a list that may be one element broadcast.
static AffineExpr at(const Sizes &list, size_t i) {
  return list.size() == 1 ? list.front() : list[i];
}

std::optional<Sizes> Evaluator::ints(ConcatOp op) {
  Sizes all;
  for (Value input : op.getInputs()) {
    std::optional<Sizes> part = ints(input);
    if (!part)
      return std::nullopt;
    all.append(*part);
  }
  return all;
}

std::optional<Sizes> Evaluator::ints(SliceOp op) {
  std::optional<Sizes> input = ints(op.getInput());
  if (!input || op.getSizes().size() != 1)
    return std::nullopt;
  Sizes picked;
  for (int64_t i = 0; i < op.getSizes()[0]; ++i)
    picked.push_back((*input)[op.getOffsets()[0] + i * op.getStrides()[0]]);
  return picked;
}

std::optional<Sizes> Evaluator::ints(GatherOp op) {
  std::optional<Sizes> input = ints(op.getInput());
  auto indices = constantInts(op.getIndices());
  if (!input || !indices || int64_t(indices->size()) > kMaxSizes)
    return std::nullopt;
  int64_t count = input->size();
  Sizes picked;
  for (int64_t index : *indices) {
    if (index < -count || index >= count)
      return std::nullopt;
    picked.push_back((*input)[index < 0 ? index + count : index]);
  }
  return picked;
}

AffineExpr Evaluator::combine(BinaryKind kind, AffineExpr lhs,
                              AffineExpr rhs) {
  switch (kind) {
  case BinaryKind::Add:
    return symbols.simplify(lhs + rhs);
  case BinaryKind::Sub:
    return symbols.simplify(lhs - rhs);
  case BinaryKind::Mul:
    if (!Symbols::constantOf(lhs) && !Symbols::constantOf(rhs))
      return {};
    return symbols.simplify(lhs * rhs);
  case BinaryKind::Div: {
    std::optional<int64_t> by = Symbols::constantOf(rhs);
    return by && *by > 0 ? symbols.simplify(lhs.floorDiv(rhs)) : AffineExpr();
  }
  case BinaryKind::Max:
  case BinaryKind::Min: {
    Symbols::Range a = symbols.range(lhs), b = symbols.range(rhs);
    bool isMax = kind == BinaryKind::Max;
    if (a.min >= b.max)
      return isMax ? lhs : rhs;
    if (b.min >= a.max)
      return isMax ? rhs : lhs;
    return {};
  }
  default:
    return {};
  }
}

std::optional<bool> Evaluator::compare(CompareKind kind, AffineExpr lhs,
                                       AffineExpr rhs) {
  Symbols::Range a = symbols.range(lhs), b = symbols.range(rhs);
  auto known = [](bool yes, bool no) {
    return yes ? std::optional(true)
               : (no ? std::optional(false) : std::nullopt);
  };
  bool differ = a.max < b.min || b.max < a.min;
  switch (kind) {
  case CompareKind::Equal:
    return known(lhs == rhs, differ);
  case CompareKind::NotEqual:
    return known(differ, lhs == rhs);
  case CompareKind::Less:
    return known(a.max < b.min, a.min >= b.max);
  case CompareKind::LessEqual:
    return known(a.max <= b.min, a.min > b.max);
  case CompareKind::Greater:
    return known(a.min > b.max, a.max <= b.min);
  case CompareKind::GreaterEqual:
    return known(a.min >= b.max, a.max < b.min);
  }
  return std::nullopt;
}

std::optional<Sizes> Evaluator::ints(BinaryOp op) {
  std::optional<Sizes> lhs = ints(op.getLhs()), rhs = ints(op.getRhs());
  if (!lhs || !rhs)
    return std::nullopt;
  Sizes result;
  for (size_t i = 0; i < std::max(lhs->size(), rhs->size()); ++i) {
    AffineExpr value = combine(op.getKind(), at(*lhs, i), at(*rhs, i));
    if (!value)
      return std::nullopt;
    result.push_back(value);
  }
  return result;
}

std::optional<Sizes> Evaluator::ints(CompareOp op) {
  std::optional<Sizes> lhs = ints(op.getLhs()), rhs = ints(op.getRhs());
  if (!lhs || !rhs)
    return std::nullopt;
  Sizes result;
  for (size_t i = 0; i < std::max(lhs->size(), rhs->size()); ++i) {
    std::optional<bool> value = compare(op.getKind(), at(*lhs, i), at(*rhs, i));
    if (!value)
      return std::nullopt;
    result.push_back(symbols.constant(*value));
  }
  return result;
}

std::optional<Sizes> Evaluator::ints(SelectOp op) {
  std::optional<Sizes> condition = ints(op.getCondition());
  std::optional<Sizes> yes = ints(op.getOnTrue()), no = ints(op.getOnFalse());
  if (!condition || !yes || !no)
    return std::nullopt;
  size_t count = std::max({condition->size(), yes->size(), no->size()});
  Sizes result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(*Symbols::constantOf(at(*condition, i)) ? at(*yes, i)
                                                             : at(*no, i));
  return result;
}

std::optional<Sizes> Evaluator::ints(Value value) {
  auto type = dyn_cast_or_null<RankedTensorType>(
      value ? value.getType() : Type());
  if (!type || type.getRank() > 1 || !type.hasStaticShape() ||
      !isa<IntegerType>(type.getElementType()) ||
      type.getNumElements() > kMaxSizes || symbols.isBounded(value))
    return std::nullopt;
  if (auto constants = constantInts(value)) {
    Sizes result;
    for (int64_t constant : *constants)
      result.push_back(symbols.constant(constant));
    return result;
  }
  if (AffineExpr length = symbols.lengthOf(value))
    return Sizes{length};
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  return llvm::TypeSwitch<Operation *, std::optional<Sizes>>(op)
      .Case<ConcatOp, SliceOp, GatherOp, BinaryOp, CompareOp, SelectOp>(
          [&](auto kind) { return ints(kind); })
      .Case<ReshapeOp>([&](auto reshape) { return ints(reshape.getInput()); })
      .Case<CastOp>([&](CastOp cast) -> std::optional<Sizes> {
        Type from = elementOf(cast.getInput()), to = type.getElementType();
        bool keeps = isa<IntegerType>(from) && !isBool(from) &&
                     to.getIntOrFloatBitWidth() >= 32;
        return keeps ? ints(cast.getInput()) : std::nullopt;
      })
      .Case<ExpandOp>([&](ExpandOp expand) -> std::optional<Sizes> {
        std::optional<Sizes> input = ints(expand.getInput());
        if (!input)
          return std::nullopt;
        Sizes result;
        for (int64_t i = 0; i < type.getNumElements(); ++i)
          result.push_back(at(*input, i));
        return result;
      })
      .Default([](Operation *) { return std::nullopt; });
}

std::optional<Sizes> visir::onnx::symbolicInts(const Symbols &symbols,
                                               Value value) {
  return Evaluator(symbols).ints(value);
}

FailureOr<Sizes> visir::onnx::requireSizes(Node &node, unsigned i,
                                           const Twine &what) {
  if (std::optional<Sizes> sizes = symbolicInts(symbolsOf(node), node.input(i)))
    return *sizes;
  return node.refuse("`" + what +
                     "` is computed at run time, expected a constant or sizes "
                     "of bounded dimensions");
}

SmallVector<int64_t> visir::onnx::largest(const Symbols &symbols,
                                          ArrayRef<AffineExpr> sizes) {
  SmallVector<int64_t> result;
  for (AffineExpr size : sizes)
    result.push_back(symbols.range(size).max);
  return result;
}

bool visir::onnx::isSymbolic(Node &node, unsigned i) {
  Symbols &symbols = symbolsOf(node);
  return !symbols.empty() && node.hasInput(i) && !node.constantInts(i) &&
         symbolicInts(symbols, node.input(i));
}

std::string visir::onnx::sizesName(const Symbols &symbols,
                                   ArrayRef<AffineExpr> sizes) {
  std::string text = "[";
  for (auto [i, size] : llvm::enumerate(sizes))
    text += (i ? ", " : "") + symbols.text(size);
  return text + "]";
}

LogicalResult visir::onnx::setSizes(Node &node, Value value,
                                    ArrayRef<AffineExpr> sizes) {
  if (!value)
    return failure();
  Symbols &symbols = symbolsOf(node);
  for (auto [i, size] : llvm::enumerate(sizes)) {
    Symbols::Range range = symbols.range(size);
    if (range.min < 0 || range.max != shapeOf(value)[i] ||
        (!Symbols::constantOf(size) && range.max < 2))
      return node.refuse("size " + Twine(i) + " of the result, " +
                             symbols.text(size),
                         Twine(range.min) + " .. " + Twine(range.max),
                         "at least 0, and more than 1 at most");
  }
  symbols.setDims(value, sizes);
  return success();
}
