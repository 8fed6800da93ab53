// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The op `visir.bitcast`.
#ifndef VISIR_DIALECTS_VISIR_BITCAST_H
#define VISIR_DIALECTS_VISIR_BITCAST_H

#include "dialects/visir/Visir.h"

#define GET_OP_CLASSES
#include "dialects/visir/BitcastOps.h.inc"

namespace visir {

/// Bits that an element takes in memory.
inline unsigned memoryBits(mlir::Type element) {
  return std::max(8u, element.getIntOrFloatBitWidth());
}

} // namespace visir

#endif // VISIR_DIALECTS_VISIR_BITCAST_H
