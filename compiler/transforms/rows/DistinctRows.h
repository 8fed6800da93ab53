// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_TRANSFORMS_ROWS_DISTINCTROWS_H
#define VISIR_COMPILER_TRANSFORMS_ROWS_DISTINCTROWS_H

#include "compiler/transforms/Passes.h"

namespace visir {
#define GEN_PASS_DECL
#include "compiler/transforms/rows/DistinctRows.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/transforms/rows/DistinctRows.h.inc"
} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_ROWS_DISTINCTROWS_H
