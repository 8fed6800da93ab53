// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importSpaceToDepth(Node &node) {
  int64_t block = node.intAttr("blocksize", 0);
  std::string mode = node.stringAttr("mode", "DCR");
  ArrayRef<int64_t> in = node.shape(0);
  if (mode != "DCR" && mode != "CRD")
    return node.refuse("mode", mode, "DCR or CRD");
  if (in.size() != 4)
    return node.refuse("rank of the input", Twine(in.size()), "4");
  if (block < 1 || in[2] % block != 0 || in[3] % block != 0)
    return node.refuse("blocksize", Twine(block),
                       "a divisor of height and width " +
                           shapeName(in.drop_front(2)));
  int64_t height = in[2] / block, width = in[3] / block;
  Value x = reshape(node, node.input(0),
                    {in[0], in[1], height, block, width, block});
  x = mode == "DCR" ? transpose(node, x, {0, 3, 5, 1, 2, 4})
                    : transpose(node, x, {0, 1, 3, 5, 2, 4});
  return node.setOutput(
      0, reshape(node, x, {in[0], in[1] * block * block, height, width}));
}

VISIR_ONNX_OP(SpaceToDepth, 1, 1, importSpaceToDepth)
