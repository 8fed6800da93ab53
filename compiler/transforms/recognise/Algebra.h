// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expressions about the peaks of heatmaps in a normal form, so that what is
// written differently can be compared: sums of products of atoms, over
// denominators that are sums themselves, each product under a condition on
// where the peak is. Equal expressions have equal numbers.
//
// The algebra is that of real numbers; rounding is left aside.
#ifndef VISIR_COMPILER_TRANSFORMS_RECOGNISE_ALGEBRA_H
#define VISIR_COMPILER_TRANSFORMS_RECOGNISE_ALGEBRA_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

namespace visir {

/// The number of an expression.
using Expr = int32_t;
/// Stands for what the algebra cannot say; anything made from it is unknown.
inline constexpr Expr kUnknown = -1;

/// What a product is made of.
enum class AtomKind {
  Column, ///< of the peak of map args[0]
  Row,    ///< likewise
  Score,  ///< the peak's element
  Cell,   ///< element (row args[2], column args[3]), two expressions, of map
          ///< args[1] of tensor args[0]; outside of it the float whose bits
          ///< are args[5] if args[4], else it is an error
  Exp,    ///< of expression args[0], as are the following
  Log,
  Sign,
  Max, ///< of args[0] and the float whose bits are args[1]
  Min,
  IsZero,
  IsNegative,
  Other, ///< whatever its arguments say
};

struct Atom {
  AtomKind kind;
  std::array<int64_t, 6> args{};

  bool operator<(const Atom &other) const {
    return std::tie(kind, args) < std::tie(other.kind, other.args);
  }
};

/// Columns and rows of the peak of map `map`: low <= x <= high.
struct PeakRegion {
  int64_t map = -1;                     ///< -1: no condition
  std::array<int64_t, 2> low{}, high{}; ///< {column, row}

  bool operator<(const PeakRegion &other) const {
    return std::tie(map, low, high) <
           std::tie(other.map, other.low, other.high);
  }
  bool operator==(const PeakRegion &other) const {
    return map == other.map && low == other.low && high == other.high;
  }
};

/// factor * product of atoms / product of denominators, 0 outside of the
/// region.
struct Term {
  PeakRegion region;
  llvm::SmallVector<int32_t, 2> atoms;     ///< numbers, sorted
  llvm::SmallVector<Expr, 1> denominators; ///< sorted
  double factor = 1;

  bool isConstant() const {
    return region.map < 0 && atoms.empty() && denominators.empty();
  }
};

using Sum = std::vector<Term>;

class Algebra {
public:
  /// Peaks of maps of `height` x `width` are at least `margin` elements away
  /// from the border.
  Algebra(int64_t width, int64_t height, int64_t margin);

  const Sum &sum(Expr expr) const { return *sums[expr]; }
  const Atom &atom(int32_t number) const { return *atoms[number]; }

  Expr constant(double value);
  std::optional<double> constantOf(Expr expr) const;
  Expr atomic(Atom atom);
  Expr column(int64_t map) { return atomic({AtomKind::Column, {map}}); }
  Expr row(int64_t map) { return atomic({AtomKind::Row, {map}}); }

  Expr add(Expr a, Expr b);
  Expr scale(Expr a, double factor);
  Expr sub(Expr a, Expr b) { return add(a, scale(b, -1)); }
  Expr mul(Expr a, Expr b);
  Expr div(Expr a, Expr b);
  Expr floor(Expr a);
  /// Quotient rounded down, and the remainder of the divisor's sign.
  Expr floorDiv(Expr a, double b) { return floor(scaleDown(a, b)); }
  Expr floorMod(Expr a, double b) { return sub(a, scale(floorDiv(a, b), b)); }
  Expr max(Expr a, double b) { return bound(AtomKind::Max, a, b); }
  Expr min(Expr a, double b) { return bound(AtomKind::Min, a, b); }
  Expr exp(Expr a);
  Expr function(AtomKind kind, Expr a);
  /// 1 where it holds, else 0.
  Expr isZero(Expr a);
  Expr isNegative(Expr a);
  Expr negate(Expr condition);
  /// condition ? a : b
  Expr select(Expr condition, Expr a, Expr b);
  llvm::SmallVector<Expr> softmax(llvm::ArrayRef<Expr> values);
  /// Element of a map of a tensor; see AtomKind::Cell. At the peak of the
  /// heatmaps, tensor 0, it is the score.
  Expr cell(int64_t tensor, int64_t map, Expr row, Expr column,
            std::optional<double> outside);

  /// Whether conditions or denominators occur.
  bool isConditional(Expr a) const;
  bool isQuotient(Expr a) const;
  /// The largest and the smallest value, if known.
  using Range = std::optional<std::pair<double, double>>;
  Range range(Expr a) const;
  bool isInteger(Expr a) const;

  int64_t width, height;

private:
  using Key = std::vector<int64_t>;
  Expr intern(Sum sum);
  Range rangeOfAtom(int32_t number) const;
  bool isIntegerAtom(int32_t number) const;
  Expr scaleDown(Expr a, double divisor);
  Expr bound(AtomKind kind, Expr a, double limit);
  std::optional<PeakRegion> intersect(const PeakRegion &a, const PeakRegion &b,
                                      bool &empty) const;
  PeakRegion whole(int64_t map) const;
  std::optional<Expr> halfPlane(Expr a);
  bool shiftExponents(Expr &a, Expr &b);

  int64_t margin;
  std::map<Key, Expr> numbers;
  std::vector<const Sum *> sums;
  std::vector<std::unique_ptr<Sum>> owned;
  std::map<Atom, int32_t> atomNumbers;
  std::vector<const Atom *> atoms;
};

/// A float as what an atom holds, and back.
int64_t bitsOf(double value);
double floatOf(int64_t bits);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_RECOGNISE_ALGEBRA_H
