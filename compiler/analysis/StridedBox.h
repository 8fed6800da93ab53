// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Linear accesses of an iteration domain onto tensors, and what a reshape does
// to them. An access is exact: no division, no remainder; where a reshape asks
// for one, the domain is split (mixed radix) until none is left.
#ifndef VISIR_COMPILER_ANALYSIS_STRIDEDBOX_H
#define VISIR_COMPILER_ANALYSIS_STRIDEDBOX_H

#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace visir {

/// coordinate j = offsets[j] + sum over i of coefficients[j][i] * d[i].
struct LinearAccess {
  llvm::SmallVector<llvm::SmallVector<int64_t>> coefficients;
  llvm::SmallVector<int64_t> offsets;

  /// Coordinate j is d[j].
  static LinearAccess identity(unsigned rank);
  /// All coordinates are 0, over a domain of `domainRank` dimensions.
  static LinearAccess zero(unsigned rank, unsigned domainRank);
  /// Nothing for a map with divisions, remainders or symbols.
  static std::optional<LinearAccess> fromMap(mlir::AffineMap map);
  mlir::AffineMap toMap(mlir::MLIRContext *context, unsigned domainRank) const;

  unsigned rank() const { return offsets.size(); }
  /// Smallest and largest value of coordinate `j` over the domain.
  std::pair<int64_t, int64_t> range(unsigned j,
                                    llvm::ArrayRef<int64_t> sizes) const;
  /// Whether every coordinate lies in `shape` over the whole domain.
  bool isInside(llvm::ArrayRef<int64_t> sizes,
                llvm::ArrayRef<int64_t> shape) const;
  bool operator==(const LinearAccess &other) const {
    return coefficients == other.coefficients && offsets == other.offsets;
  }
};

/// For each dimension of a domain the sizes of the dimensions that replace it,
/// slowest first; their product is its size. A dimension that stays has one.
using DimFactors = llvm::SmallVector<llvm::SmallVector<int64_t>>;

/// The sizes of the refined domain.
llvm::SmallVector<int64_t> refineSizes(const DimFactors &factors);

/// The same access over the refined domain.
LinearAccess refineAccess(const LinearAccess &access,
                          const DimFactors &factors);

struct ReshapedAccess {
  DimFactors factors;
  LinearAccess access; ///< over the refined domain
};

/// The access that reaches under the shape `to` the same row-major elements
/// as `access` reaches under `from`. Coordinates of a dimension that the
/// reshape keeps may lie outside of it (padding); all others are inside.
/// Nothing when no refinement of the domain makes the access linear.
std::optional<ReshapedAccess> composeReshape(llvm::ArrayRef<int64_t> sizes,
                                             const LinearAccess &access,
                                             llvm::ArrayRef<int64_t> from,
                                             llvm::ArrayRef<int64_t> to);

/// A domain of index vectors and its accesses, which are refined and cut
/// together.
struct StridedBox {
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallVector<LinearAccess> accesses;

  unsigned rank() const { return sizes.size(); }
  int64_t numPoints() const;
  /// Dimension `i` becomes (sizes[i] / inner, inner).
  void splitDim(unsigned i, int64_t inner);
  /// Keeps `count` values of dimension `i`: start, start + step ...
  void sampleDim(unsigned i, int64_t start, int64_t count, int64_t step = 1);
  /// Goes through dimension `i` from its other end.
  void reverseDim(unsigned i);
  /// Appends a dimension that no access uses yet.
  void addDim(int64_t size);
  void dropDim(unsigned i);
  /// Drops dimensions of size 1, turns those that access 0 walks backwards in
  /// a row-major tensor of shape `shape`, merges those that all accesses use
  /// as the digits of one, and sorts by strides, largest first.
  void canonicalize(llvm::ArrayRef<int64_t> shape);
};

/// As `composeReshape` for access `which` of a box, but the box may also be
/// cut into at most `maxBoxes` boxes that together have its points.
std::optional<llvm::SmallVector<StridedBox>>
reshapeBox(const StridedBox &box, unsigned which, llvm::ArrayRef<int64_t> from,
           llvm::ArrayRef<int64_t> to, unsigned maxBoxes);

} // namespace visir

#endif // VISIR_COMPILER_ANALYSIS_STRIDEDBOX_H
