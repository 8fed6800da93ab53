// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_LOSS_H
#define VISIR_FRONTENDS_ONNX_IMPORT_LOSS_H

#include "frontends/onnx/import/Helpers.h"

namespace visir::onnx {

/// Sets output 0 to the negative log likelihood of input 1 (class indices, N
/// x d..) under `logProbability` (N x C x d..), with the optional class
/// weights of input 2 and the attributes ignore_index and reduction.
LogicalResult setNegativeLogLikelihood(Node &node, Value logProbability);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_LOSS_H
