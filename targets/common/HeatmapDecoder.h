// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The refinement of a heatmap's peak below a pixel, one map at a time.
#ifndef VISIR_TARGETS_COMMON_HEATMAPDECODER_H
#define VISIR_TARGETS_COMMON_HEATMAPDECODER_H

#include "dialects/visir/Visir.h"

#include "mlir/IR/Builders.h"

namespace visir {

/// A peak and what the code around it reads.
struct HeatmapPeak {
  mlir::Value u, v; ///< column and row, of index type
  /// Operand `value` of the root at a row and a column of the map, both of
  /// index type; a float.
  llvm::function_ref<mlir::Value(mlir::Value row, mlir::Value column)> value;
  mlir::Type type;      ///< of the root's results
  bool vectors = false; ///< whether vectors of 16 elements are at hand
};

/// x and y of the root's results, of `peak.type`. The code has no branches.
std::pair<mlir::Value, mlir::Value>
emitHeatmapPeak(mlir::OpBuilder &b, DispatchOp op, const HeatmapPeak &peak);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_HEATMAPDECODER_H
