// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_FOURIER_H
#define VISIR_FRONTENDS_ONNX_IMPORT_FOURIER_H

#include "frontends/onnx/import/Helpers.h"

namespace visir::onnx {

struct FourierOptions {
  int64_t length = 0;    ///< points of the transform
  bool inverse = false;  ///< with the factor 1 / length
  bool onesided = false; ///< forward: only length / 2 + 1 results
};

/// The discrete Fourier transform of `x`, any.. x n x parts, along its last
/// but one dimension, as a matrix product with constants. `parts` is 1 (real)
/// or 2 (real, imaginary); x is cut or padded with zeros to the length. The
/// result has two parts.
Value fourier(Node &node, Value x, const FourierOptions &options);

/// The inverse of a one-sided transform: any.. x n x 2, to any.. x length x 1.
Value fourierToReal(Node &node, Value x, int64_t length);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_FOURIER_H
