// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The op `visir.heatmap_decode` and the dispatches that it becomes.
#ifndef VISIR_DIALECTS_VISIR_HEATMAP_H
#define VISIR_DIALECTS_VISIR_HEATMAP_H

#include "dialects/visir/Visir.h"

#include "dialects/visir/HeatmapEnums.h.inc"
#define GET_OP_CLASSES
#include "dialects/visir/HeatmapOps.h.inc"

namespace visir {

/// How a dispatch decodes heatmaps: the op's attributes; null if it does not.
inline mlir::DictionaryAttr decodeOf(DispatchOp op) {
  return llvm::dyn_cast_or_null<mlir::DictionaryAttr>(
      op.getRootParam("decode"));
}

/// The kind in the attributes of a decode, which are verified.
inline DecodeKind decodeKindOf(mlir::DictionaryAttr decode) {
  return *symbolizeDecodeKind(
      decode.getAs<mlir::StringAttr>("kind").getValue());
}

} // namespace visir

#endif // VISIR_DIALECTS_VISIR_HEATMAP_H
