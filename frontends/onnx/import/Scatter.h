// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_FRONTENDS_ONNX_IMPORT_SCATTER_H
#define VISIR_FRONTENDS_ONNX_IMPORT_SCATTER_H

#include "frontends/onnx/import/Node.h"

namespace visir::onnx {

/// The attribute `reduction` of the scatter operators.
mlir::FailureOr<ScatterKind> scatterKind(Node &node);

} // namespace visir::onnx

#endif // VISIR_FRONTENDS_ONNX_IMPORT_SCATTER_H
