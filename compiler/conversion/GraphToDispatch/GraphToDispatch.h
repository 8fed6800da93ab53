// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pass `visir-graph-to-dispatch`: every graph op becomes one or a few
// dispatches on logical tensors; fusion is a later pass.
#ifndef VISIR_COMPILER_CONVERSION_GRAPHTODISPATCH_GRAPHTODISPATCH_H
#define VISIR_COMPILER_CONVERSION_GRAPHTODISPATCH_GRAPHTODISPATCH_H

#include "mlir/Pass/Pass.h"

#include <memory>

namespace visir {

std::unique_ptr<mlir::Pass> createGraphToDispatchPass();

} // namespace visir

#endif // VISIR_COMPILER_CONVERSION_GRAPHTODISPATCH_GRAPHTODISPATCH_H
