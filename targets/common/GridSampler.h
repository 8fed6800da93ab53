// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Samples of an input at the coordinates of a grid, one point at a time. The
// arithmetic of coordinates is in f64, so that rounding to the nearest
// element does not depend on the last bits.
#ifndef VISIR_TARGETS_COMMON_GRIDSAMPLER_H
#define VISIR_TARGETS_COMMON_GRIDSAMPLER_H

#include "dialects/visir/Visir.h"
#include "targets/common/math/FloatBuilder.h"

namespace visir {

/// What the code of a sample reads.
struct GridSource {
  /// Grid coordinate number i of the point, x first; a float.
  llvm::function_ref<mlir::Value(unsigned i)> grid;
  /// Element of the input at an offset in memory; a float.
  llvm::function_ref<mlir::Value(mlir::Value offset)> input;
  /// Offset of the point's first element, (n, c, 0 ...).
  mlir::Value base;
};

/// The value of a grid_sample root at one point, of the root's type. Errors
/// are reported at the dispatch.
mlir::FailureOr<mlir::Value> emitGridSample(mlir::OpBuilder &b, DispatchOp op,
                                            const MathTraits &traits,
                                            const GridSource &source);

} // namespace visir

#endif // VISIR_TARGETS_COMMON_GRIDSAMPLER_H
