// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_TARGETS_REFERENCE_BINARYCONV_H
#define VISIR_TARGETS_REFERENCE_BINARYCONV_H

#include "dialects/visir/Binary.h"
#include "targets/reference/Ops.h"

namespace visir::reference {

Evaluated evaluateBinaryConv(BinaryConvOp op,
                             llvm::ArrayRef<Tensor> operands);

} // namespace visir::reference

#endif // VISIR_TARGETS_REFERENCE_BINARYCONV_H
