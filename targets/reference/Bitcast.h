// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_REFERENCE_BITCAST_H
#define VISIR_TARGETS_REFERENCE_BITCAST_H

#include "dialects/visir/Bitcast.h"
#include "targets/reference/Ops.h"

namespace visir::reference {

Evaluated evaluateBitcast(BitcastOp op, llvm::ArrayRef<Tensor> operands);

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_BITCAST_H
