// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_COMMON_COSTATTR_H
#define VISIR_TARGETS_COMMON_COSTATTR_H

#include "llvm/ADT/StringRef.h"

namespace visir {

/// A target may note here, at a dispatch whose kernel it emits, a dictionary
/// of whole numbers that the artifact's configurations tell as `cost`:
///   executed_flops: operations of the kernel's own method, which filtering
///     makes fewer than the direct method's
///   issued_flops: with those in lanes and rows whose results nobody needs
///   cycles: the estimated time of one core that starts two vectors of
///     multiply-adds a cycle
inline constexpr llvm::StringLiteral kCostAttr = "visir.cost";

} // namespace visir

#endif // VISIR_TARGETS_COMMON_COSTATTR_H
