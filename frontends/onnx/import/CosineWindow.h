// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_COSINEWINDOW_H
#define VISIR_FRONTENDS_ONNX_IMPORT_COSINEWINDOW_H

#include "frontends/onnx/import/Helpers.h"

namespace visir::onnx {

/// Sets output 0 to the window sum over k of weights[k] * cos(2 pi k n / N)
/// of input 0's size, which must be known; N is the size, or the size less
/// one for a symmetric (not `periodic`) window.
LogicalResult setCosineWindow(Node &node, ArrayRef<double> weights);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_COSINEWINDOW_H
