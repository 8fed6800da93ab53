// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importGridSample(Node &node) {
  std::string mode =
      node.stringAttr("mode", node.opset() < 20 ? "bilinear" : "linear");
  std::string padding = node.stringAttr("padding_mode", "zeros");
  bool alignCorners = node.intAttr("align_corners", 0);
  auto sampling = llvm::StringSwitch<std::optional<SampleMode>>(mode)
                      .Cases({"linear", "bilinear"}, SampleMode::Linear)
                      .Cases({"cubic", "bicubic"}, SampleMode::Cubic)
                      .Case("nearest", SampleMode::Nearest)
                      .Default(std::nullopt);
  std::optional<BorderMode> border = symbolizeBorderMode(padding);
  if (!sampling)
    return node.refuse("mode", mode, "linear, cubic or nearest");
  if (!border)
    return node.refuse("padding_mode", padding,
                       "zeros, border or reflection");
  if (node.rank(0) != 4 && node.rank(0) != 5)
    return node.refuse("rank of the input", Twine(node.rank(0)), "4 or 5");
  return node.setOutput(
      0, node.create<GridSampleOp>(node.input(0), node.input(1), *sampling,
                                   *border, alignCorners));
}

VISIR_ONNX_OP(GridSample, 16, 2, importGridSample)
