// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_COMMON_LIVEKEYS_H
#define VISIR_TARGETS_COMMON_LIVEKEYS_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/AffineMap.h"

namespace visir {

/// Of an attention: an affine map from the entry's symbols to the number of
/// keys that matter, at least one. The kernel takes the number as its only
/// scalar; keys, values and mask may be anything from there on.
inline constexpr llvm::StringLiteral kLiveKeysAttr = "visir.live_keys";

/// The number, or null for an attention that reads all keys.
inline mlir::AffineExpr liveKeysOf(DispatchOp op) {
  auto map = op->getAttrOfType<mlir::AffineMapAttr>(kLiveKeysAttr);
  return map ? map.getValue().getResult(0) : mlir::AffineExpr();
}

} // namespace visir

#endif // VISIR_TARGETS_COMMON_LIVEKEYS_H
