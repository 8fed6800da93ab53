// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Symbols.h"

#include "compiler/support/Constants.h"
#include "dialects/visir/Visir.h"

#include <numeric>

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Keeps the values of expressions far inside of 64 bits.
static constexpr int64_t kMaxFactor = int64_t(1) << 31;
static constexpr int64_t kMaxElements = int64_t(1) << 40;

AffineExpr Symbols::add(Symbol symbol) {
  symbols_.push_back(std::move(symbol));
  return getAffineSymbolExpr(symbols_.size() - 1, &context_);
}

std::optional<AffineExpr> Symbols::find(StringRef name) const {
  for (auto [i, symbol] : llvm::enumerate(symbols_))
    if (symbol.name == name)
      return getAffineSymbolExpr(i, &context_);
  return std::nullopt;
}

AffineExpr Symbols::constant(int64_t value) const {
  return getAffineConstantExpr(value, &context_);
}

std::optional<int64_t> Symbols::constantOf(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  return std::nullopt;
}

/// The expression as multiples of the symbols and an offset. A quotient must
/// divide without remainder.
std::optional<Symbols::Linear> Symbols::linear(AffineExpr expr) const {
  Linear result;
  result.factors.assign(symbols_.size(), 0);
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    result.offset = constant.getValue();
    return result;
  }
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    result.factors[symbol.getPosition()] = 1;
    return result;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  std::optional<Linear> lhs = linear(binary.getLHS());
  std::optional<Linear> rhs = linear(binary.getRHS());
  if (!lhs || !rhs)
    return std::nullopt;
  auto apply = [&](auto step) {
    bool good = step(result.offset, lhs->offset, rhs->offset);
    for (size_t i = 0; i < symbols_.size(); ++i)
      good &= step(result.factors[i], lhs->factors[i], rhs->factors[i]) &&
              std::abs(result.factors[i]) <= kMaxFactor;
    return good && std::abs(result.offset) <= kMaxElements
               ? std::optional(result)
               : std::nullopt;
  };
  int64_t by = rhs->offset;
  bool byConstant = llvm::all_of(rhs->factors, [](int64_t f) { return !f; });
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return apply([](int64_t &out, int64_t a, int64_t b) {
      return !llvm::AddOverflow(a, b, out);
    });
  case AffineExprKind::Mul:
    if (!byConstant)
      return std::nullopt;
    return apply([by](int64_t &out, int64_t a, int64_t) {
      return !llvm::MulOverflow(a, by, out);
    });
  case AffineExprKind::FloorDiv:
    if (!byConstant || by == 0)
      return std::nullopt;
    return apply([by](int64_t &out, int64_t a, int64_t) {
      out = a / by;
      return a % by == 0;
    });
  default:
    return std::nullopt;
  }
}

AffineExpr Symbols::simplify(AffineExpr expr) const {
  std::optional<Linear> form = expr ? linear(expr) : std::nullopt;
  if (!form)
    return {};
  AffineExpr sum = constant(0);
  for (auto [i, factor] : llvm::enumerate(form->factors))
    if (factor)
      sum = sum + getAffineSymbolExpr(i, &context_) * factor;
  return sum + form->offset;
}

Symbols::Range Symbols::range(AffineExpr expr) const {
  Linear form = *linear(expr);
  int64_t common = std::abs(form.offset);
  for (int64_t factor : form.factors)
    common = std::gcd(common, factor);
  common = std::max<int64_t>(common, 1);
  int64_t low = form.offset / common, high = low;
  for (auto [factor, symbol] : llvm::zip_equal(form.factors, symbols_)) {
    int64_t scaled = factor / common;
    low += scaled * (scaled < 0 ? symbol.max : symbol.min);
    high += scaled * (scaled < 0 ? symbol.min : symbol.max);
  }
  for (auto [factor, symbol] : llvm::zip_equal(form.factors, symbols_))
    if (symbol.isState && factor / common == 1)
      high = std::min(high, symbol.max);
  return {low * common, high * common};
}

std::string Symbols::text(AffineExpr expr) const {
  Linear form = *linear(expr);
  std::string result;
  auto append = [&](int64_t factor, const std::string &what) {
    if (!result.empty())
      result += factor < 0 ? " - " : " + ";
    else if (factor < 0)
      result += "-";
    result += what;
  };
  for (auto [factor, symbol] : llvm::zip_equal(form.factors, symbols_)) {
    std::string times = std::to_string(std::abs(factor)) + " * ";
    if (factor)
      append(factor, (std::abs(factor) == 1 ? "" : times) + symbol.name);
  }
  if (form.offset || result.empty())
    append(form.offset, std::to_string(std::abs(form.offset)));
  return result;
}

AffineMap Symbols::mapOf(Value value) const {
  if (empty() || !value)
    return {};
  if (isa<BlockArgument>(value))
    return arguments_.lookup(value);
  auto attr = value.getDefiningOp()->getAttrOfType<AffineMapAttr>(kDimsAttr);
  return attr ? attr.getValue() : AffineMap();
}

AffineExpr Symbols::dim(Value value, unsigned i) const {
  if (AffineMap map = mapOf(value))
    return map.getResult(i);
  return constant(cast<RankedTensorType>(value.getType()).getDimSize(i));
}

SmallVector<AffineExpr> Symbols::dims(Value value) const {
  SmallVector<AffineExpr> result;
  unsigned rank = cast<RankedTensorType>(value.getType()).getRank();
  for (unsigned i = 0; i < rank; ++i)
    result.push_back(dim(value, i));
  return result;
}

bool Symbols::isBounded(Value value, unsigned i) const {
  AffineMap map = mapOf(value);
  return map && !constantOf(map.getResult(i));
}

void Symbols::setDims(Value value, ArrayRef<AffineExpr> dims) {
  bool isStatic = llvm::all_of(
      dims, [](AffineExpr dim) { return constantOf(dim).has_value(); });
  AffineMap map =
      isStatic ? AffineMap()
               : AffineMap::get(0, symbols_.size(), dims, &context_);
  if (isa<BlockArgument>(value)) {
    arguments_[value] = map;
    return;
  }
  Operation *op = value.getDefiningOp();
  if (map)
    op->setAttr(kDimsAttr, AffineMapAttr::get(map));
  else
    op->removeAttr(kDimsAttr);
}

std::string Symbols::describe(Value value, unsigned from) const {
  auto type = cast<RankedTensorType>(value.getType());
  for (unsigned i = from; i < type.getRank(); ++i)
    if (isBounded(value, i))
      return "dimension " + std::to_string(i) + " is " + text(dim(value, i)) +
             " <= " + std::to_string(type.getDimSize(i));
  return "";
}

Value Symbols::length(OpBuilder &builder, AffineExpr expr) {
  auto type = RankedTensorType::get({}, builder.getIntegerType(64, true));
  if (std::optional<int64_t> value = constantOf(expr))
    return ConstantOp::create(builder, builder.getUnknownLoc(),
                              makeSplat(type, double(*value)));
  Value &argument = lengths_[expr];
  if (!argument) {
    Block *entry = builder.getInsertionBlock();
    argument = entry->addArgument(
        type, NameLoc::get(builder.getStringAttr(text(expr))));
  }
  return argument;
}

AffineExpr Symbols::lengthOf(Value value) const {
  for (const auto &[expr, argument] : lengths_)
    if (argument == value)
      return expr;
  return {};
}

void Symbols::use(AffineExpr expr) {
  if (!constantOf(expr) && !isa<AffineSymbolExpr>(expr))
    used_.insert(expr);
}

AffineMapAttr Symbols::dimsAttr(Value value) {
  AffineMap map = mapOf(value);
  if (!map)
    return {};
  for (AffineExpr expr : map.getResults())
    use(expr);
  return AffineMapAttr::get(map);
}

AffineMapAttr Symbols::lengthAttr(AffineExpr expr) {
  use(expr);
  return mapAttr(expr);
}

AffineMapAttr Symbols::mapAttr(AffineExpr expr) const {
  return AffineMapAttr::get(AffineMap::get(0, symbols_.size(), expr));
}

ArrayAttr Symbols::symbolsAttr() const {
  Builder builder(&context_);
  SmallVector<Attribute> all;
  auto describe = [&](StringRef name, int64_t min, int64_t max,
                      AffineMapAttr value) {
    NamedAttrList fields;
    fields.set("name", builder.getStringAttr(name));
    fields.set("min", builder.getI64IntegerAttr(min));
    fields.set("max", builder.getI64IntegerAttr(max));
    if (value)
      fields.set("value", value);
    all.push_back(fields.getDictionary(&context_));
  };
  for (const Symbol &symbol : symbols_)
    describe(symbol.name, symbol.min, symbol.max, {});
  for (AffineExpr expr : used_)
    describe(text(expr), std::max<int64_t>(range(expr).min, 0),
             range(expr).max, mapAttr(expr));
  return builder.getArrayAttr(all);
}
