// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dimensions of an attention's domain by what moves with them. Fusion may
// have split batch dimensions, so that queries which share keys are rows, too.
#ifndef VISIR_TARGETS_COMMON_ATTENTIONROLES_H
#define VISIR_TARGETS_COMMON_ATTENTIONROLES_H

#include "targets/common/Nest.h"

namespace visir {

struct AttentionRoles {
  llvm::SmallVector<unsigned> rows;      ///< batch and m
  llvm::SmallVector<unsigned> shared;    ///< of rows: all have the same keys
  llvm::SmallVector<unsigned> values;    ///< e
  llvm::SmallVector<unsigned> keys;      ///< n
  llvm::SmallVector<unsigned> inner;     ///< d
  llvm::SmallVector<unsigned> positions; ///< m alone, for causality
};

/// `nest` is the dispatch's own, not collapsed.
AttentionRoles attentionRoles(DispatchOp op, const Nest &nest);

/// Product of the extents of `dims`.
int64_t pointsOf(const Nest &nest, llvm::ArrayRef<unsigned> dims);

/// The row-major number of a point among those of `dims`.
LinearExpr numberAmong(const Nest &nest, llvm::ArrayRef<unsigned> dims);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_ATTENTIONROLES_H
