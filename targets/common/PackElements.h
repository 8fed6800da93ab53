// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_COMMON_PACKELEMENTS_H
#define VISIR_TARGETS_COMMON_PACKELEMENTS_H

#include "mlir/IR/BuiltinTypes.h"

namespace visir {

/// Row-major elements in the layout of the type; padding is zero.
llvm::SmallVector<char> packElements(llvm::ArrayRef<char> bytes,
                                     mlir::RankedTensorType type);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_PACKELEMENTS_H
