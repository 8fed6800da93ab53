// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The op `visir.binary_conv`.
#ifndef VISIR_DIALECTS_VISIR_BINARY_H
#define VISIR_DIALECTS_VISIR_BINARY_H

#include "dialects/visir/Visir.h"

#define GET_OP_CLASSES
#include "dialects/visir/BinaryOps.h.inc"

namespace visir {

/// Signs in a word of a binary convolution.
inline constexpr int64_t kSignsPerWord = 32;

} // namespace visir

#endif // VISIR_DIALECTS_VISIR_BINARY_H
