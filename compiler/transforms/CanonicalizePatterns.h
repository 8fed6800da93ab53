// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef VISIR_COMPILER_TRANSFORMS_CANONICALIZEPATTERNS_H
#define VISIR_COMPILER_TRANSFORMS_CANONICALIZEPATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace visir {

/// Movement ops that change nothing or undo each other.
void addMovementPatterns(mlir::RewritePatternSet &patterns);

} // namespace visir

#endif // VISIR_COMPILER_TRANSFORMS_CANONICALIZEPATTERNS_H
