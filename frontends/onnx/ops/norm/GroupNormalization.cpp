// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// A parameter per group as one per channel.
static Value perChannel(Node &node, Value parameter, int64_t groups,
                        int64_t channels) {
  parameter = reshape(node, parameter, {groups, 1});
  parameter = expand(node, parameter, {groups, channels / groups});
  return reshape(node, parameter, {channels});
}

static LogicalResult importGroupNormalization(Node &node) {
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  int64_t groups = node.intAttr("num_groups", 0);
  node.ignoreAttr("stash_type"); // statistics are in f32 or wider
  if (node.rank(0) < 2)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 2");
  int64_t channels = node.shape(0)[1];
  if (groups < 1 || channels % groups != 0)
    return node.refuse("num_groups", Twine(groups),
                       "a divisor of " + Twine(channels));
  Value scale = node.input(1), bias = node.input(2);
  // Up to opset 20 the parameters are per group.
  if (node.opset() < 21) {
    scale = perChannel(node, scale, groups, channels);
    bias = perChannel(node, bias, groups, channels);
  }
  return node.setOutput(0, node.create<GroupNormOp>(node.input(0), scale, bias,
                                                    groups,
                                                    llvm::APFloat(epsilon)));
}

VISIR_ONNX_OP(GroupNormalization, 18, 3, importGroupNormalization)
