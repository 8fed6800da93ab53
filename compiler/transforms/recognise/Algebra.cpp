// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/transforms/recognise/Algebra.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <cstring>

using namespace llvm;
using namespace visir;

/// Sums do not grow beyond this.
static constexpr size_t kMostTerms = 512;

int64_t visir::bitsOf(double value) {
  int64_t bits;
  memcpy(&bits, &value, sizeof(bits));
  return bits;
}

double visir::floatOf(int64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

Algebra::Algebra(int64_t width, int64_t height, int64_t margin)
    : width(width), height(height), margin(margin) {}

static bool sameProduct(const Term &a, const Term &b) {
  return a.region == b.region && a.atoms == b.atoms &&
         a.denominators == b.denominators;
}

static bool comesBefore(const Term &a, const Term &b) {
  return std::tie(a.region, a.atoms, a.denominators) <
         std::tie(b.region, b.atoms, b.denominators);
}

/// Sorts, adds up equal products and drops zeros.
Expr Algebra::intern(Sum sum) {
  llvm::stable_sort(sum, comesBefore);
  Sum merged;
  for (Term &term : sum) {
    if (!merged.empty() && sameProduct(merged.back(), term))
      merged.back().factor += term.factor;
    else
      merged.push_back(std::move(term));
  }
  llvm::erase_if(merged, [](const Term &term) { return term.factor == 0; });
  if (merged.size() > kMostTerms)
    return kUnknown;
  // Factors that differ by the rounding of f32 constants are one.
  Key key;
  for (const Term &term : merged) {
    key.push_back(bitsOf(double(float(term.factor))));
    key.push_back(term.region.map);
    llvm::append_range(key, term.region.low);
    llvm::append_range(key, term.region.high);
    key.push_back(int64_t(term.atoms.size()));
    llvm::append_range(key, term.atoms);
    key.push_back(int64_t(term.denominators.size()));
    llvm::append_range(key, term.denominators);
  }
  auto [it, isNew] = numbers.try_emplace(std::move(key), Expr(sums.size()));
  if (isNew) {
    owned.push_back(std::make_unique<Sum>(std::move(merged)));
    sums.push_back(owned.back().get());
  }
  return it->second;
}

Expr Algebra::constant(double value) {
  Term term;
  term.factor = value;
  return std::isfinite(value) ? intern({term}) : kUnknown;
}

std::optional<double> Algebra::constantOf(Expr expr) const {
  if (expr == kUnknown)
    return std::nullopt;
  const Sum &terms = sum(expr);
  if (terms.empty())
    return 0.0;
  if (terms.size() > 1 || !terms.front().isConstant())
    return std::nullopt;
  return terms.front().factor;
}

Expr Algebra::atomic(Atom atom) {
  auto [it, isNew] = atomNumbers.try_emplace(atom, int32_t(atoms.size()));
  if (isNew)
    atoms.push_back(&it->first);
  Term term;
  term.atoms.push_back(it->second);
  return intern({term});
}

Expr Algebra::add(Expr a, Expr b) {
  if (a == kUnknown || b == kUnknown)
    return kUnknown;
  Sum terms = sum(a);
  llvm::append_range(terms, sum(b));
  return intern(std::move(terms));
}

Expr Algebra::scale(Expr a, double factor) {
  if (a == kUnknown || !std::isfinite(factor))
    return kUnknown;
  Sum terms = sum(a);
  for (Term &term : terms)
    term.factor *= factor;
  return intern(std::move(terms));
}

Expr Algebra::scaleDown(Expr a, double divisor) {
  if (a == kUnknown || divisor == 0)
    return kUnknown;
  Sum terms = sum(a);
  for (Term &term : terms)
    term.factor /= divisor;
  return intern(std::move(terms));
}

/// Where the peak may be at all.
PeakRegion Algebra::whole(int64_t map) const {
  return {map, {margin, margin}, {width - 1 - margin, height - 1 - margin}};
}

std::optional<PeakRegion> Algebra::intersect(const PeakRegion &a,
                                             const PeakRegion &b,
                                             bool &empty) const {
  if (a.map < 0 || b.map < 0)
    return a.map < 0 ? b : a;
  if (a.map != b.map)
    return std::nullopt;
  PeakRegion both = a;
  for (int i : {0, 1}) {
    both.low[i] = std::max(a.low[i], b.low[i]);
    both.high[i] = std::min(a.high[i], b.high[i]);
    empty |= both.low[i] > both.high[i];
  }
  return both;
}

Expr Algebra::mul(Expr a, Expr b) {
  if (a == kUnknown || b == kUnknown || sum(a).size() * sum(b).size() > 4096)
    return kUnknown;
  Sum products;
  for (const Term &x : sum(a))
    for (const Term &y : sum(b)) {
      bool empty = false;
      std::optional<PeakRegion> region = intersect(x.region, y.region, empty);
      if (!region)
        return kUnknown;
      if (empty)
        continue;
      Term product = x;
      product.region = *region;
      product.factor *= y.factor;
      for (int32_t number : y.atoms) {
        // A condition twice is the condition.
        AtomKind kind = atom(number).kind;
        bool once = kind == AtomKind::IsZero || kind == AtomKind::IsNegative;
        if (!once || !llvm::is_contained(product.atoms, number))
          product.atoms.push_back(number);
      }
      llvm::append_range(product.denominators, y.denominators);
      llvm::sort(product.atoms);
      llvm::sort(product.denominators);
      products.push_back(std::move(product));
    }
  return intern(std::move(products));
}

/// Divides exponentials above and below by those of what all exponents below
/// have in common, so that a softmax does not show what was taken off.
bool Algebra::shiftExponents(Expr &a, Expr &b) {
  auto exponentOf = [&](const Term &term) -> Expr {
    Expr exponent = kUnknown;
    for (int32_t number : term.atoms)
      if (atom(number).kind == AtomKind::Exp) {
        if (exponent != kUnknown)
          return kUnknown;
        exponent = Expr(atom(number).args[0]);
      }
    return exponent;
  };
  std::optional<Sum> common;
  for (const Term &term : sum(b)) {
    Expr exponent = exponentOf(term);
    if (exponent == kUnknown)
      return true;
    const Sum &terms = sum(exponent);
    if (!common) {
      common = terms;
      continue;
    }
    llvm::erase_if(*common, [&](const Term &wanted) {
      return llvm::none_of(terms, [&](const Term &other) {
        return sameProduct(wanted, other) && wanted.factor == other.factor;
      });
    });
  }
  if (!common || common->empty() || sum(b).size() < 2)
    return true;
  Expr shift = intern(*common);
  auto shifted = [&](Expr expr) -> Expr {
    Expr result = constant(0);
    Sum terms = sum(expr);
    for (Term &term : terms) {
      Expr exponent = exponentOf(term);
      if (exponent == kUnknown)
        return kUnknown;
      llvm::erase_if(term.atoms, [&](int32_t number) {
        return atom(number).kind == AtomKind::Exp;
      });
      result = add(result, mul(intern({term}), exp(sub(exponent, shift))));
    }
    return result;
  };
  a = shifted(a);
  b = shifted(b);
  return a != kUnknown && b != kUnknown;
}

Expr Algebra::div(Expr a, Expr b) {
  if (a == kUnknown || b == kUnknown)
    return kUnknown;
  if (std::optional<double> divisor = constantOf(b))
    return scaleDown(a, *divisor);
  if (!shiftExponents(a, b))
    return kUnknown;
  // The leading term of a denominator has the factor 1.
  double lead = sum(b).front().factor;
  Expr denominator = scaleDown(b, lead);
  Sum terms = sum(scaleDown(a, lead));
  for (Term &term : terms) {
    term.denominators.push_back(denominator);
    llvm::sort(term.denominators);
  }
  return intern(std::move(terms));
}

bool Algebra::isIntegerAtom(int32_t number) const {
  const Atom &a = atom(number);
  switch (a.kind) {
  case AtomKind::Column:
  case AtomKind::Row:
  case AtomKind::IsZero:
  case AtomKind::IsNegative:
    return true;
  case AtomKind::Max:
  case AtomKind::Min:
    return isInteger(Expr(a.args[0])) &&
           floatOf(a.args[1]) == std::floor(floatOf(a.args[1]));
  default:
    return false;
  }
}

static bool isWhole(double value) { return value == std::floor(value); }

bool Algebra::isInteger(Expr a) const {
  return a != kUnknown && llvm::all_of(sum(a), [&](const Term &term) {
           return isWhole(term.factor) && term.denominators.empty() &&
                  llvm::all_of(term.atoms, [&](int32_t number) {
                    return isIntegerAtom(number);
                  });
         });
}

Algebra::Range Algebra::rangeOfAtom(int32_t number) const {
  const Atom &a = atom(number);
  switch (a.kind) {
  case AtomKind::Column:
    return std::pair(double(margin), double(width - 1 - margin));
  case AtomKind::Row:
    return std::pair(double(margin), double(height - 1 - margin));
  case AtomKind::IsZero:
  case AtomKind::IsNegative:
    return std::pair(0.0, 1.0);
  case AtomKind::Max:
  case AtomKind::Min: {
    Range inner = range(Expr(a.args[0]));
    double limit = floatOf(a.args[1]);
    if (!inner)
      return std::nullopt;
    auto [low, high] = *inner;
    if (a.kind == AtomKind::Max)
      return std::pair(std::max(low, limit), std::max(high, limit));
    return std::pair(std::min(low, limit), std::min(high, limit));
  }
  default:
    return std::nullopt;
  }
}

Algebra::Range Algebra::range(Expr a) const {
  if (a == kUnknown)
    return std::nullopt;
  double low = 0, high = 0;
  for (const Term &term : sum(a)) {
    if (!term.denominators.empty() || term.atoms.size() > 1)
      return std::nullopt;
    double from = term.factor, to = term.factor;
    if (!term.atoms.empty()) {
      Range inner = rangeOfAtom(term.atoms.front());
      if (!inner)
        return std::nullopt;
      from = std::min(term.factor * inner->first, term.factor * inner->second);
      to = std::max(term.factor * inner->first, term.factor * inner->second);
    }
    if (term.region.map >= 0) {
      from = std::min(from, 0.0);
      to = std::max(to, 0.0);
    }
    low += from;
    high += to;
  }
  return std::pair(low, high);
}

Expr Algebra::floor(Expr a) {
  if (a == kUnknown || isInteger(a))
    return a;
  Sum whole, rest;
  for (const Term &term : sum(a)) {
    bool integer = isWhole(term.factor) && term.denominators.empty() &&
                   llvm::all_of(term.atoms, [&](int32_t number) {
                     return isIntegerAtom(number);
                   });
    (integer ? whole : rest).push_back(term);
  }
  Range other = range(intern(rest));
  if (!other)
    return kUnknown;
  // Quotients by sizes are far more than this apart.
  constexpr double kRounding = 1e-9;
  double number = std::floor(other->first + kRounding);
  if (number != std::floor(other->second + kRounding))
    return kUnknown;
  return add(intern(std::move(whole)), constant(number));
}

Expr Algebra::bound(AtomKind kind, Expr a, double limit) {
  if (a == kUnknown)
    return kUnknown;
  if (std::optional<double> value = constantOf(a))
    return constant(kind == AtomKind::Max ? std::max(*value, limit)
                                          : std::min(*value, limit));
  if (Range known = range(a)) {
    bool isMax = kind == AtomKind::Max;
    if (isMax ? known->first >= limit : known->second <= limit)
      return a;
    if (isMax ? known->second <= limit : known->first >= limit)
      return constant(limit);
  }
  return atomic({kind, {a, bitsOf(limit)}});
}

Expr Algebra::exp(Expr a) {
  if (a == kUnknown)
    return kUnknown;
  return atomic({AtomKind::Exp, {a}});
}

/// log or sign; the sign of -x is -1 times that of x.
Expr Algebra::function(AtomKind kind, Expr a) {
  if (a == kUnknown || sum(a).empty())
    return kUnknown;
  if (kind == AtomKind::Sign) {
    double lead = sum(a).front().factor;
    Expr positive = scaleDown(a, std::abs(lead));
    if (lead > 0)
      return atomic({kind, {positive}});
    return scale(atomic({kind, {scale(positive, -1)}}), -1);
  }
  return atomic({kind, {a}});
}

/// a < 0 for +-1 times the peak's column or row plus a whole number.
std::optional<Expr> Algebra::halfPlane(Expr a) {
  double offset = 0;
  const Term *place = nullptr;
  for (const Term &term : sum(a)) {
    if (term.isConstant()) {
      offset = term.factor;
      continue;
    }
    if (place || term.region.map >= 0 || term.atoms.size() != 1 ||
        !term.denominators.empty())
      return std::nullopt;
    place = &term;
  }
  if (!place || std::abs(place->factor) != 1)
    return std::nullopt;
  const Atom &at = atom(place->atoms.front());
  if (at.kind != AtomKind::Column && at.kind != AtomKind::Row)
    return std::nullopt;
  PeakRegion region = whole(at.args[0]);
  int axis = at.kind == AtomKind::Row;
  // x + offset < 0 is x <= ceil(-offset) - 1; offset - x < 0 is x > offset.
  if (place->factor > 0)
    region.high[axis] =
        std::min(region.high[axis], int64_t(std::ceil(-offset)) - 1);
  else
    region.low[axis] =
        std::max(region.low[axis], int64_t(std::floor(offset)) + 1);
  if (region.low[axis] > region.high[axis])
    return constant(0);
  if (region == whole(at.args[0]))
    return constant(1);
  Term term;
  term.region = region;
  return intern({term});
}

Expr Algebra::isNegative(Expr a) {
  if (a == kUnknown)
    return kUnknown;
  if (Range known = range(a)) {
    if (known->second < 0)
      return constant(1);
    if (known->first >= 0)
      return constant(0);
  }
  if (std::optional<Expr> region = halfPlane(a))
    return *region;
  return atomic(
      {AtomKind::IsNegative, {scaleDown(a, std::abs(sum(a).front().factor))}});
}

Expr Algebra::isZero(Expr a) {
  if (a == kUnknown)
    return kUnknown;
  if (Range known = range(a)) {
    if (known->second < 0 || known->first > 0)
      return constant(0);
    if (known->first == 0 && known->second == 0)
      return constant(1);
  }
  return atomic({AtomKind::IsZero, {scaleDown(a, sum(a).front().factor)}});
}

/// The opposite of one bound of a region is a region, too.
Expr Algebra::negate(Expr condition) {
  if (condition == kUnknown)
    return kUnknown;
  const Sum &terms = sum(condition);
  if (terms.size() == 1 && terms.front().region.map >= 0 &&
      terms.front().atoms.empty() && terms.front().denominators.empty() &&
      terms.front().factor == 1) {
    const PeakRegion &region = terms.front().region;
    PeakRegion rest = whole(region.map), all = rest;
    int bounds = 0;
    for (int i : {0, 1}) {
      if (region.low[i] != all.low[i]) {
        rest.high[i] = region.low[i] - 1;
        ++bounds;
      }
      if (region.high[i] != all.high[i]) {
        rest.low[i] = region.high[i] + 1;
        ++bounds;
      }
    }
    if (bounds == 1) {
      Term term;
      term.region = rest;
      return intern({term});
    }
  }
  return sub(constant(1), condition);
}

Expr Algebra::select(Expr condition, Expr a, Expr b) {
  return add(b, mul(condition, sub(a, b)));
}

SmallVector<Expr> Algebra::softmax(ArrayRef<Expr> values) {
  SmallVector<Expr> weights;
  Expr total = constant(0);
  for (Expr value : values) {
    weights.push_back(exp(value));
    total = add(total, weights.back());
  }
  for (Expr &weight : weights)
    weight = div(weight, total);
  return weights;
}

Expr Algebra::cell(int64_t tensor, int64_t map, Expr row, Expr column,
                   std::optional<double> outside) {
  Range rows = range(row), columns = range(column);
  if (!rows || !columns || !isInteger(row) || !isInteger(column))
    return kUnknown;
  bool inside = rows->first >= 0 && rows->second < double(height) &&
                columns->first >= 0 && columns->second < double(width);
  bool filled = outside && !inside;
  if (tensor == 0 && row == this->row(map) && column == this->column(map))
    return atomic({AtomKind::Score, {map}});
  return atomic(
      {AtomKind::Cell,
       {tensor, map, row, column, filled, filled ? bitsOf(*outside) : 0}});
}

bool Algebra::isConditional(Expr a) const {
  return a != kUnknown && llvm::any_of(sum(a), [&](const Term &term) {
           return term.region.map >= 0 ||
                  llvm::any_of(term.atoms, [&](int32_t number) {
                    AtomKind kind = atom(number).kind;
                    return kind == AtomKind::IsZero ||
                           kind == AtomKind::IsNegative;
                  });
         });
}

bool Algebra::isQuotient(Expr a) const {
  return a != kUnknown && llvm::any_of(sum(a), [&](const Term &term) {
           return !term.denominators.empty();
         });
}
