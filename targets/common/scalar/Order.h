// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_COMMON_SCALAR_ORDER_H
#define VISIR_TARGETS_COMMON_SCALAR_ORDER_H

#include "targets/common/Nest.h"

namespace visir::scalar {

/// Puts the parallel dimensions in the order of the first store's memory, so
/// that neighbouring invocations write neighbours.
void orderByStore(Nest &nest);

} // namespace visir::scalar

#endif // VISIR_TARGETS_COMMON_SCALAR_ORDER_H
