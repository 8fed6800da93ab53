// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrices of low rank as products of two.
#ifndef VISIR_COMPILER_TRANSFORMS_LOWRANK_H
#define VISIR_COMPILER_TRANSFORMS_LOWRANK_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace visir {

/// left (rows x rank) times right (rank x columns), both row-major; the rows
/// of `right` are orthonormal.
struct LowRank {
  int64_t rank = 0;
  std::vector<double> left, right;
};

/// The factors of a matrix of rank `most` at the most, but for the rounding of
/// its elements to floats; nothing for any other. A matrix of zeros has none.
std::optional<LowRank> lowRankOf(llvm::ArrayRef<double> matrix, int64_t rows,
                                 int64_t columns, int64_t most);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_LOWRANK_H
