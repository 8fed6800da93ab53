// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Writes `update` into a cache at one position per batch entry.
static LogicalResult importTensorScatter(Node &node) {
  std::string mode = node.stringAttr("mode", "linear");
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", -2), node.rank(0));
  if (failed(axis))
    return failure();
  if (mode != "linear" && mode != "circular")
    return node.refuse("mode", mode, "linear or circular");
  if (*axis == 0)
    return node.refuse("axis", "0", "one after the batch");
  int64_t batch = node.shape(0)[0], extent = node.shape(0)[*axis];
  int64_t steps = node.shape(1)[*axis];
  // The sequence goes behind the batch, where index vectors reach it.
  Shape order = llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0))), back;
  order.erase(order.begin() + *axis);
  order.insert(order.begin() + 1, *axis);
  back.resize(order.size());
  for (auto [i, from] : llvm::enumerate(order))
    back[from] = i;
  auto positions = [&](int64_t count, ArrayRef<int64_t> shape) {
    return reshape(node, countingConstant(node, 0, count), shape);
  };
  Value step = positions(steps, {1, steps, 1});
  if (node.hasInput(2))
    step = binary(node, BinaryKind::Add, step,
                  reshape(node, cast(node, node.input(2), si64(node)),
                          {batch, 1, 1}));
  if (mode == "circular")
    step = binary(node, BinaryKind::Mod, step,
                  scalarLike(node, step, extent));
  Value entry = positions(batch, {batch, 1, 1});
  Shape each{batch, steps, 1};
  Value indices =
      concat(node, {expand(node, entry, each), expand(node, step, each)}, 2);
  Value result = node.create<ScatterNDOp>(
      transpose(node, node.input(0), order), indices,
      transpose(node, node.input(1), order), ScatterKind::Replace);
  return node.setOutput(0, transpose(node, result, back));
}

VISIR_ONNX_OP(TensorScatter, 24, 2, importTensorScatter)
