// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pictures of a model before and after the common phases, in the language of
// Graphviz (why: docs/decisions/0015).
#ifndef VISIR_COMPILER_DRIVER_GRAPHPICTURE_H
#define VISIR_COMPILER_DRIVER_GRAPHPICTURE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

namespace visir {

/// Two graphs side by side, without constants. `part`, unless empty, is a
/// regular expression for names of ONNX nodes: only ops that come from such
/// are drawn.
std::string drawGraphs(mlir::ModuleOp before, mlir::ModuleOp after,
                       llvm::StringRef part);

/// Lets Graphviz's program `dot` make an SVG file of such text. Returns what
/// went wrong, or an empty string.
std::string renderSvg(llvm::StringRef graph, llvm::StringRef path);

} // namespace visir

#endif // VISIR_COMPILER_DRIVER_GRAPHPICTURE_H
