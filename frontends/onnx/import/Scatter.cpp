// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Scatter.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

FailureOr<ScatterKind> visir::onnx::scatterKind(Node &node) {
  std::string reduction = node.stringAttr("reduction", "none");
  if (reduction == "none")
    return ScatterKind::Replace;
  if (std::optional<ScatterKind> kind = symbolizeScatterKind(reduction))
    if (*kind != ScatterKind::Replace)
      return *kind;
  return node.refuse("reduction", reduction, "none, add, mul, max or min");
}
