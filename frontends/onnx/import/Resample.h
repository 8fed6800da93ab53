// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_RESAMPLE_H
#define VISIR_FRONTENDS_ONNX_IMPORT_RESAMPLE_H

#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/ResizeTable.h"

namespace visir::onnx {

/// One axis after the other: a gather (nearest) or a `visir.resize`. Elements
/// outside of tf_crop_and_resize's input become `extrapolation`. `axes` has
/// one entry per dimension of `input`.
Value resample(Node &node, Value input, ArrayRef<ResizeAxis> axes,
               const ResizeMode &mode, double extrapolation);

/// Scales as the ONNX operators Upsample and Resize-10 take them: asymmetric
/// coordinates, floor(in * scale) elements.
mlir::FailureOr<SmallVector<ResizeAxis>>
axesFromScales(Node &node, ArrayRef<int64_t> shape, ArrayRef<double> scales);

/// The interpolation of the attribute `mode`.
mlir::FailureOr<Interpolation> interpolation(Node &node);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_RESAMPLE_H
