// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_COMMON_SCALAR_HEATMAP_H
#define VISIR_TARGETS_COMMON_SCALAR_HEATMAP_H

#include "targets/common/scalar/Invocation.h"

namespace visir::scalar {

/// An arg_reduce that decodes heatmaps; `id` is the number of the invocation.
void emitHeatmapDecode(Invocation &at, mlir::Value id);

} // namespace visir::scalar

#endif // VISIR_TARGETS_COMMON_SCALAR_HEATMAP_H
