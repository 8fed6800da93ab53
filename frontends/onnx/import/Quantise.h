// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scales and zero points of the quantisation operators.
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_QUANTISE_H
#define VISIR_FRONTENDS_ONNX_IMPORT_QUANTISE_H

#include "frontends/onnx/import/Helpers.h"

namespace visir::onnx {

/// A scale or zero point so that it broadcasts to `shape`: one for all, one
/// per position of `axis`, or (blockSize > 0) one per block along `axis`.
Value spread(Node &node, Value parameter, ArrayRef<int64_t> shape,
             int64_t axis, int64_t blockSize);

/// round(x / scale) + zeroPoint (may be null), clamped to `element`'s range.
/// `x` and `scale` are of one float type; they broadcast.
Value quantised(Node &node, Value x, Value scale, Value zeroPoint,
                mlir::Type element);

/// Clamps whole numbers of a float type to `element`'s range and converts.
Value saturated(Node &node, Value x, mlir::Type element);

/// x - zeroPoint (may be null) as si32.
Value centred(Node &node, Value x, Value zeroPoint);

/// The 8- and 16-bit integers; others are refused. Returns failure then.
LogicalResult checkQuantised(Node &node, mlir::Type element);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_QUANTISE_H
