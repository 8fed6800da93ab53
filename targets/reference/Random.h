// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_REFERENCE_RANDOM_H
#define VISIR_TARGETS_REFERENCE_RANDOM_H

#include "dialects/visir/Random.h"
#include "targets/reference/Ops.h"

namespace visir::reference {

Evaluated evaluateRandom(RandomOp op, llvm::ArrayRef<Tensor> operands);

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_RANDOM_H
