// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The steps from which movements are composed; for `composeMovement`.
#ifndef VISIR_COMPILER_ANALYSIS_MOVEMENTSTEPS_H
#define VISIR_COMPILER_ANALYSIS_MOVEMENTSTEPS_H

#include "compiler/analysis/Movement.h"

namespace visir {

/// Keeps offset, offset + stride ... (count of them) of an axis.
void sliceAxis(Movement &movement, unsigned axis, int64_t offset, int64_t count,
               int64_t stride);

/// Moves all boxes along an axis; the shape stays.
void shiftAxis(Movement &movement, unsigned axis, int64_t by);

/// Joins the boxes and sources of `other` to those of `movement`; fails when
/// both fill with different values.
mlir::LogicalResult append(Movement &movement, const Movement &other);

/// Reads the result, of shape `from`, as one of shape `to`.
mlir::LogicalResult reshapeTo(Movement &movement, llvm::ArrayRef<int64_t> from,
                              llvm::ArrayRef<int64_t> to, unsigned maxBoxes);

/// The movement `outer`, whose sources are made by `operands`.
std::optional<Movement> composeBoxes(const Movement &outer,
                                     llvm::ArrayRef<Movement> operands,
                                     unsigned maxBoxes);

/// Element `position` of `source` along an axis.
struct AxisElement {
  int64_t source, position;
};

/// The movement of shape `shape` that takes `elements` along `axis` and all
/// else as it is; `sources` are the values. Nothing when the elements need
/// more than `maxBoxes` boxes or have no regularity.
std::optional<Movement> gatherElements(llvm::ArrayRef<int64_t> shape,
                                       llvm::ArrayRef<mlir::Value> sources,
                                       unsigned axis,
                                       llvm::ArrayRef<AxisElement> elements,
                                       unsigned maxBoxes);

/// Takes `elements` along an axis of `operands`, which agree in all others.
std::optional<Movement> takeElements(llvm::ArrayRef<Movement> operands,
                                     unsigned axis,
                                     llvm::ArrayRef<AxisElement> elements,
                                     unsigned maxBoxes);

/// Whether all shapes of the op are static and not empty.
bool isUsual(mlir::Operation *op);

/// Whether `op` gathers, or scatters to replace, at indices that are constant
/// or a formula.
bool hasKnownIndices(mlir::Operation *op);

/// As `composeMovement` for gathers and scatters.
std::optional<Movement> composeIndexing(mlir::Operation *op,
                                        llvm::ArrayRef<Movement> operands,
                                        unsigned maxBoxes);

} // namespace visir

#endif // VISIR_COMPILER_ANALYSIS_MOVEMENTSTEPS_H
