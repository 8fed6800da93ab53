// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/analysis/StridedBox.h"

#include "mlir/Analysis/FlatLinearValueConstraints.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/STLExtras.h"

#include <numeric>

using namespace mlir;
using namespace visir;

LinearAccess LinearAccess::identity(unsigned rank) {
  LinearAccess access = zero(rank, rank);
  for (unsigned i = 0; i < rank; ++i)
    access.coefficients[i][i] = 1;
  return access;
}

LinearAccess LinearAccess::zero(unsigned rank, unsigned domainRank) {
  LinearAccess access;
  access.coefficients.assign(rank, SmallVector<int64_t>(domainRank, 0));
  access.offsets.assign(rank, 0);
  return access;
}

std::optional<LinearAccess> LinearAccess::fromMap(AffineMap map) {
  if (map.getNumSymbols() != 0)
    return std::nullopt;
  LinearAccess access = zero(map.getNumResults(), map.getNumDims());
  for (auto [j, expr] : llvm::enumerate(map.getResults())) {
    SmallVector<int64_t> flat;
    if (failed(getFlattenedAffineExpr(expr, map.getNumDims(), 0, &flat)) ||
        flat.size() != map.getNumDims() + 1)
      return std::nullopt;
    access.offsets[j] = flat.pop_back_val();
    access.coefficients[j] = flat;
  }
  return access;
}

AffineMap LinearAccess::toMap(MLIRContext *context, unsigned domainRank) const {
  SmallVector<AffineExpr> results;
  for (auto [row, offset] : llvm::zip_equal(coefficients, offsets)) {
    AffineExpr expr = getAffineConstantExpr(0, context);
    for (auto [i, coefficient] : llvm::enumerate(row))
      expr = expr + getAffineDimExpr(i, context) * coefficient;
    results.push_back(expr + offset);
  }
  return AffineMap::get(domainRank, 0, results, context);
}

std::pair<int64_t, int64_t> LinearAccess::range(unsigned j,
                                                ArrayRef<int64_t> sizes) const {
  int64_t low = offsets[j], high = offsets[j];
  for (auto [coefficient, size] : llvm::zip_equal(coefficients[j], sizes))
    (coefficient < 0 ? low : high) += coefficient * (size - 1);
  return {low, high};
}

bool LinearAccess::isInside(ArrayRef<int64_t> sizes,
                            ArrayRef<int64_t> shape) const {
  for (unsigned j = 0; j < rank(); ++j) {
    auto [low, high] = range(j, sizes);
    if (low < 0 || high >= shape[j])
      return false;
  }
  return true;
}

SmallVector<int64_t> visir::refineSizes(const DimFactors &factors) {
  SmallVector<int64_t> sizes;
  for (ArrayRef<int64_t> pieces : factors)
    llvm::append_range(sizes, pieces);
  return sizes;
}

LinearAccess visir::refineAccess(const LinearAccess &access,
                                 const DimFactors &factors) {
  LinearAccess refined;
  refined.offsets = access.offsets;
  for (ArrayRef<int64_t> row : access.coefficients) {
    SmallVector<int64_t> &out = refined.coefficients.emplace_back();
    for (auto [coefficient, pieces] : llvm::zip_equal(row, factors)) {
      size_t first = out.size();
      int64_t weight = coefficient;
      for (int64_t size : llvm::reverse(pieces)) {
        out.insert(out.begin() + first, weight);
        weight *= size;
      }
    }
  }
  return refined;
}

int64_t StridedBox::numPoints() const {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t(1),
                         std::multiplies<int64_t>());
}

void StridedBox::splitDim(unsigned i, int64_t inner) {
  sizes[i] /= inner;
  sizes.insert(sizes.begin() + i + 1, inner);
  for (LinearAccess &access : accesses)
    for (auto &row : access.coefficients) {
      row.insert(row.begin() + i + 1, row[i]);
      row[i] *= inner;
    }
}

void StridedBox::sampleDim(unsigned i, int64_t start, int64_t count,
                           int64_t step) {
  sizes[i] = count;
  for (LinearAccess &access : accesses)
    for (auto [row, offset] :
         llvm::zip_equal(access.coefficients, access.offsets)) {
      offset += row[i] * start;
      row[i] *= step;
    }
}

void StridedBox::addDim(int64_t size) {
  sizes.push_back(size);
  for (LinearAccess &access : accesses)
    for (auto &row : access.coefficients)
      row.push_back(0);
}

void StridedBox::dropDim(unsigned i) {
  sizes.erase(sizes.begin() + i);
  for (LinearAccess &access : accesses)
    for (auto &row : access.coefficients)
      row.erase(row.begin() + i);
}

/// Whether dimensions `i` and `j` are the quotient and the remainder of one.
static bool canMerge(const StridedBox &box, unsigned i, unsigned j) {
  for (const LinearAccess &access : box.accesses)
    for (ArrayRef<int64_t> row : access.coefficients)
      if (row[i] != row[j] * box.sizes[j])
        return false;
  return true;
}

static bool mergeOnce(StridedBox &box) {
  for (unsigned i = 0; i < box.rank(); ++i)
    for (unsigned j = 0; j < box.rank(); ++j)
      if (i != j && canMerge(box, i, j)) {
        box.sizes[j] *= box.sizes[i];
        box.dropDim(i);
        return true;
      }
  return false;
}

static SmallVector<int64_t> rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int i = int(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

void StridedBox::reverseDim(unsigned i) {
  for (LinearAccess &access : accesses)
    for (auto [row, offset] :
         llvm::zip_equal(access.coefficients, access.offsets)) {
      offset += row[i] * (sizes[i] - 1);
      row[i] = -row[i];
    }
}

/// The stride of each dimension in the flat order of access 0.
static SmallVector<int64_t> flatStrides(const StridedBox &box,
                                        ArrayRef<int64_t> shape) {
  SmallVector<int64_t> flat(box.rank(), 0);
  for (auto [row, stride] :
       llvm::zip_equal(box.accesses[0].coefficients, rowMajorStrides(shape)))
    for (unsigned i = 0; i < box.rank(); ++i)
      flat[i] += row[i] * stride;
  return flat;
}

void StridedBox::canonicalize(ArrayRef<int64_t> shape) {
  for (unsigned i = rank(); i-- > 0;)
    if (sizes[i] == 1)
      dropDim(i);
  for (auto [i, stride] : llvm::enumerate(flatStrides(*this, shape)))
    if (stride < 0)
      reverseDim(i);
  while (mergeOnce(*this))
    ;
  SmallVector<std::pair<int64_t, unsigned>> keys;
  for (auto [i, stride] : llvm::enumerate(flatStrides(*this, shape)))
    keys.push_back({-stride, i});
  llvm::sort(keys);
  StridedBox sorted = *this;
  for (auto [to, key] : llvm::enumerate(keys)) {
    sorted.sizes[to] = sizes[key.second];
    for (auto [a, access] : llvm::enumerate(accesses))
      for (auto [j, row] : llvm::enumerate(access.coefficients))
        sorted.accesses[a].coefficients[j][to] = row[key.second];
  }
  *this = std::move(sorted);
}

namespace {

/// Dimensions of `from` and of `to` that together hold the same elements.
struct ReshapeGroup {
  SmallVector<unsigned> from, to;
};

/// Writes flat positions of a group as digits of the new shape; where a digit
/// would carry, a dimension of the box is split or the box is cut.
class Delineariser {
public:
  Delineariser(unsigned which, ArrayRef<int64_t> from, ArrayRef<int64_t> to,
               unsigned maxBoxes)
      : which(which), from(from), to(to), maxBoxes(maxBoxes) {}

  LogicalResult run(const StridedBox &box, SmallVectorImpl<StridedBox> &out);

private:
  /// The digits of one group for a box, with dimensions of negative stride
  /// taken from their other end.
  struct Digits {
    SmallVector<int64_t> offset;              ///< per digit
    SmallVector<SmallVector<int64_t>> perDim; ///< [dim][digit], >= 0
    SmallVector<bool> reflected;              ///< per dim
  };

  LogicalResult findGroups();
  LogicalResult solve(StridedBox box, size_t group,
                      SmallVectorImpl<StridedBox> &out);
  SmallVector<int64_t> digitsOf(int64_t flat, const ReshapeGroup &group) const;
  Digits digitsOf(const StridedBox &box, const ReshapeGroup &group) const;
  /// The fastest digit that carries, or -1.
  int carrying(const StridedBox &box, const ReshapeGroup &group,
               const Digits &digits) const;
  /// Splits or cuts `box` so that digit `k` carries less; `rest` is what was
  /// cut off, if anything.
  bool relieve(StridedBox &box, std::optional<StridedBox> &rest,
               const ReshapeGroup &group, const Digits &digits,
               unsigned k) const;
  void write(LinearAccess &access, const StridedBox &box,
             const ReshapeGroup &group, const Digits &digits) const;

  unsigned which;
  ArrayRef<int64_t> from, to;
  unsigned maxBoxes;
  SmallVector<ReshapeGroup> groups;
};

} // namespace

LogicalResult Delineariser::findGroups() {
  SmallVector<unsigned> a, b;
  for (auto [i, size] : llvm::enumerate(from))
    if (size != 1)
      a.push_back(i);
  for (auto [i, size] : llvm::enumerate(to))
    if (size != 1)
      b.push_back(i);
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    ReshapeGroup &group = groups.emplace_back();
    int64_t sizeA = from[a[i]], sizeB = to[b[j]];
    group.from.push_back(a[i++]);
    group.to.push_back(b[j++]);
    while (sizeA != sizeB) {
      bool growA = sizeA < sizeB;
      if (growA ? i == a.size() : j == b.size())
        return failure();
      if (growA) {
        sizeA *= from[a[i]];
        group.from.push_back(a[i++]);
      } else {
        sizeB *= to[b[j]];
        group.to.push_back(b[j++]);
      }
    }
  }
  return success(i == a.size() && j == b.size());
}

SmallVector<int64_t> Delineariser::digitsOf(int64_t flat,
                                            const ReshapeGroup &group) const {
  SmallVector<int64_t> digits(group.to.size());
  for (size_t k = group.to.size(); k-- > 1;) {
    digits[k] = flat % to[group.to[k]];
    flat /= to[group.to[k]];
  }
  digits[0] = flat;
  return digits;
}

Delineariser::Digits Delineariser::digitsOf(const StridedBox &box,
                                            const ReshapeGroup &group) const {
  const LinearAccess &access = box.accesses[which];
  SmallVector<int64_t> flat(box.rank(), 0);
  int64_t offset = 0, stride = 1;
  for (unsigned j : llvm::reverse(group.from)) {
    offset += access.offsets[j] * stride;
    for (unsigned i = 0; i < box.rank(); ++i)
      flat[i] += access.coefficients[j][i] * stride;
    stride *= from[j];
  }
  Digits digits;
  for (unsigned i = 0; i < box.rank(); ++i) {
    digits.reflected.push_back(flat[i] < 0);
    if (flat[i] < 0)
      offset += flat[i] * (box.sizes[i] - 1);
    digits.perDim.push_back(digitsOf(std::abs(flat[i]), group));
  }
  digits.offset = digitsOf(offset, group);
  return digits;
}

int Delineariser::carrying(const StridedBox &box, const ReshapeGroup &group,
                           const Digits &digits) const {
  for (size_t k = group.to.size(); k-- > 0;) {
    int64_t high = digits.offset[k];
    for (unsigned i = 0; i < box.rank(); ++i)
      high += digits.perDim[i][k] * (box.sizes[i] - 1);
    if (high >= to[group.to[k]])
      return k;
  }
  return -1;
}

bool Delineariser::relieve(StridedBox &box, std::optional<StridedBox> &rest,
                           const ReshapeGroup &group, const Digits &digits,
                           unsigned k) const {
  int64_t base = to[group.to[k]], high = digits.offset[k];
  SmallVector<unsigned> users;
  for (unsigned i = 0; i < box.rank(); ++i) {
    high += digits.perDim[i][k] * (box.sizes[i] - 1);
    if (digits.perDim[i][k] > 0 && box.sizes[i] > 1)
      users.push_back(i);
  }
  auto reach = [&](unsigned i) {
    return digits.perDim[i][k] * (box.sizes[i] - 1);
  };
  llvm::sort(users, [&](unsigned a, unsigned b) {
    return std::make_pair(-reach(a), a) < std::make_pair(-reach(b), b);
  });
  // Steps after which the digit is back where it was, the carries aside.
  auto period = [&](unsigned i) {
    return base / std::gcd(base, digits.perDim[i][k]);
  };
  for (unsigned i : users)
    if (period(i) < box.sizes[i] && box.sizes[i] % period(i) == 0 &&
        period(i) > 1) {
      box.splitDim(i, period(i));
      return true;
    }
  for (unsigned i : users) {
    int64_t others = high - reach(i);
    if (others >= base)
      continue;
    int64_t keep = (base - 1 - others) / digits.perDim[i][k] + 1;
    if (others == 0 && period(i) < box.sizes[i])
      keep = box.sizes[i] / period(i) * period(i);
    if (keep >= box.sizes[i])
      continue;
    int64_t cut = digits.reflected[i] ? box.sizes[i] - keep : keep;
    rest = box;
    rest->sampleDim(i, cut, box.sizes[i] - cut);
    box.sampleDim(i, 0, cut);
    return true;
  }
  return false;
}

void Delineariser::write(LinearAccess &access, const StridedBox &box,
                         const ReshapeGroup &group,
                         const Digits &digits) const {
  for (auto [k, j] : llvm::enumerate(group.to)) {
    access.offsets[j] = digits.offset[k];
    for (unsigned i = 0; i < box.rank(); ++i) {
      int64_t digit = digits.perDim[i][k];
      if (digits.reflected[i])
        access.offsets[j] += digit * (box.sizes[i] - 1);
      access.coefficients[j][i] = digits.reflected[i] ? -digit : digit;
    }
  }
}

/// Resolves `group` and those after it. The box keeps its old access in
/// `which`; the new one is written once no dimension changes any more.
LogicalResult Delineariser::solve(StridedBox box, size_t group,
                                  SmallVectorImpl<StridedBox> &out) {
  for (; group < groups.size(); ++group) {
    const ReshapeGroup &g = groups[group];
    if (g.from.size() == 1 && g.to.size() == 1)
      continue;
    Digits digits = digitsOf(box, g);
    for (int k; (k = carrying(box, g, digits)) >= 0;
         digits = digitsOf(box, g)) {
      std::optional<StridedBox> rest;
      if (!relieve(box, rest, g, digits, k))
        return failure();
      if (!rest)
        continue;
      if (out.size() + 2 > maxBoxes || failed(solve(*rest, group, out)))
        return failure();
    }
  }
  if (out.size() >= maxBoxes)
    return failure();
  LinearAccess access = LinearAccess::zero(to.size(), box.rank());
  const LinearAccess &old = box.accesses[which];
  for (const ReshapeGroup &g : groups) {
    if (g.from.size() > 1 || g.to.size() > 1) {
      write(access, box, g, digitsOf(box, g));
      continue;
    }
    access.offsets[g.to[0]] = old.offsets[g.from[0]];
    access.coefficients[g.to[0]] = old.coefficients[g.from[0]];
  }
  box.accesses[which] = std::move(access);
  out.push_back(std::move(box));
  return success();
}

LogicalResult Delineariser::run(const StridedBox &box,
                                SmallVectorImpl<StridedBox> &out) {
  if (failed(findGroups()))
    return failure();
  SmallVector<bool> kept(from.size(), false);
  for (const ReshapeGroup &group : groups)
    if (group.from.size() == 1 && group.to.size() == 1)
      kept[group.from[0]] = true;
  for (unsigned j = 0; j < from.size(); ++j) {
    auto [low, high] = box.accesses[which].range(j, box.sizes);
    if (!kept[j] && (low < 0 || high >= from[j]))
      return failure();
  }
  return solve(box, 0, out);
}

std::optional<SmallVector<StridedBox>>
visir::reshapeBox(const StridedBox &box, unsigned which, ArrayRef<int64_t> from,
                  ArrayRef<int64_t> to, unsigned maxBoxes) {
  if (llvm::is_contained(from, 0) || llvm::is_contained(box.sizes, 0))
    return std::nullopt;
  SmallVector<StridedBox> out;
  if (failed(Delineariser(which, from, to, maxBoxes).run(box, out)))
    return std::nullopt;
  return out;
}

std::optional<ReshapedAccess> visir::composeReshape(ArrayRef<int64_t> sizes,
                                                    const LinearAccess &access,
                                                    ArrayRef<int64_t> from,
                                                    ArrayRef<int64_t> to) {
  // The identity access rides along and tells how each dimension was split.
  StridedBox box;
  box.sizes.assign(sizes.begin(), sizes.end());
  box.accesses = {access, LinearAccess::identity(sizes.size())};
  auto boxes = reshapeBox(box, 0, from, to, /*maxBoxes=*/1);
  if (!boxes)
    return std::nullopt;
  StridedBox &result = boxes->front();
  ReshapedAccess reshaped;
  reshaped.access = std::move(result.accesses[0]);
  for (ArrayRef<int64_t> row : result.accesses[1].coefficients) {
    SmallVector<int64_t> &pieces = reshaped.factors.emplace_back();
    for (auto [coefficient, size] : llvm::zip_equal(row, result.sizes))
      if (coefficient != 0)
        pieces.push_back(size);
  }
  return reshaped;
}
