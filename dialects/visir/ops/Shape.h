// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape inference shared by the op families. Dimensions may be unknown
// (ShapedType::kDynamic); then so are those that depend on them.
#ifndef VISIR_DIALECTS_VISIR_OPS_SHAPE_H
#define VISIR_DIALECTS_VISIR_OPS_SHAPE_H

#include "dialects/visir/Visir.h"

namespace visir {

using Shape = llvm::SmallVector<int64_t>;

/// The shape of a ranked tensor value or type.
llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);
mlir::Type elementOf(mlir::Value value);

/// Infers one result of the input's shape and element type, without encoding.
mlir::LogicalResult inferSame(mlir::Value input,
                              llvm::SmallVectorImpl<mlir::Type> &types);

/// NumPy's broadcast of two shapes into `out`; fails when they do not fit.
mlir::LogicalResult broadcastShapes(llvm::ArrayRef<int64_t> lhs,
                                    llvm::ArrayRef<int64_t> rhs, Shape &out);

/// Output extent of a window of `kernel` taps along one dimension; unknown
/// for an unknown `extent`, negative when the window does not fit.
int64_t windowExtent(int64_t extent, int64_t kernel, int64_t stride,
                     int64_t low, int64_t high, int64_t dilation);

/// Checks that strides, dilations (both at least 1) and pads (before, then
/// after) have the entries that `spatial` dimensions need.
mlir::LogicalResult checkWindow(std::optional<mlir::Location> loc,
                                size_t spatial,
                                llvm::ArrayRef<int64_t> strides,
                                llvm::ArrayRef<int64_t> pads,
                                llvm::ArrayRef<int64_t> dilations);

/// Emits "`what` is `actual`, expected `expected`" at an optional location.
mlir::LogicalResult mismatch(std::optional<mlir::Location> loc,
                             const llvm::Twine &what, int64_t actual,
                             const llvm::Twine &expected);

/// Unknown dimensions match everything.
inline bool dimsMatch(int64_t a, int64_t b) {
  return a == b || mlir::ShapedType::isDynamic(a) ||
         mlir::ShapedType::isDynamic(b);
}

} // namespace visir

#endif // VISIR_DIALECTS_VISIR_OPS_SHAPE_H
