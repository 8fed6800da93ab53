// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What becomes of a padded load when what it reads is not stored.
#ifndef VISIR_COMPILER_TRANSFORMS_FUSION_PADDING_H
#define VISIR_COMPILER_TRANSFORMS_FUSION_PADDING_H

#include "compiler/analysis/DispatchForm.h"

namespace visir {

/// Coordinates of a padded access that may lie outside of the tensor.
llvm::SmallVector<unsigned>
outsideCoordinates(const LinearAccess &access, llvm::ArrayRef<int64_t> extents,
                   llvm::ArrayRef<int64_t> shape);

/// Whether being outside of the digit `dim` of a copy's domain is the same as
/// being outside of one coordinate of its source: that coordinate is the
/// digit, possibly moved by padding, and nothing else.
bool digitIsCoordinate(const LoadForm &source, llvm::ArrayRef<int64_t> extents,
                       unsigned dim);

/// Pads those loads of the map `op`, of form `map`, that leave their tensors
/// where a digit of `digits` leaves the domain. Whether result `result` then is
/// zero there.
bool padLoads(DispatchForm &map, DispatchOp op, unsigned result,
              llvm::ArrayRef<unsigned> digits);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_FUSION_PADDING_H
