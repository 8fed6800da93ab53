// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importDepthToSpace(Node &node) {
  int64_t block = node.intAttr("blocksize", 0);
  std::string mode = node.stringAttr("mode", "DCR");
  ArrayRef<int64_t> in = node.shape(0);
  if (mode != "DCR" && mode != "CRD")
    return node.refuse("mode", mode, "DCR or CRD");
  if (in.size() != 4)
    return node.refuse("rank of the input", Twine(in.size()), "4");
  if (block < 1 || block > (1 << 15) || in[1] % (block * block) != 0)
    return node.refuse("blocksize", Twine(block),
                       "one whose square divides the " + Twine(in[1]) +
                           " channels");
  int64_t depth = in[1] / (block * block);
  bool depthFirst = mode == "CRD";
  Value x = node.input(0);
  x = depthFirst ? reshape(node, x, {in[0], depth, block, block, in[2], in[3]})
                 : reshape(node, x, {in[0], block, block, depth, in[2], in[3]});
  x = depthFirst ? transpose(node, x, {0, 1, 4, 2, 5, 3})
                 : transpose(node, x, {0, 3, 4, 1, 5, 2});
  return node.setOutput(
      0, reshape(node, x, {in[0], depth, in[2] * block, in[3] * block}));
}

VISIR_ONNX_OP(DepthToSpace, 1, 1, importDepthToSpace)
