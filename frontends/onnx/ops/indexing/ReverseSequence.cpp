// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Element t of a sequence of length n comes from n - 1 - t where t < n, and
/// stays where it is otherwise.
static LogicalResult importReverseSequence(Node &node) {
  int64_t batchAxis = node.intAttr("batch_axis", 1);
  int64_t timeAxis = node.intAttr("time_axis", 0);
  if (node.rank(0) < 2)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 2");
  if (batchAxis + timeAxis != 1 || batchAxis * timeAxis != 0)
    return node.refuse("batch_axis and time_axis",
                       Twine(batchAxis) + " and " + Twine(timeAxis),
                       "0 and 1 or 1 and 0");
  Shape order = llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0)));
  if (timeAxis == 0)
    std::swap(order[0], order[1]);
  Value x = transpose(node, node.input(0), order);
  if (!x)
    return failure();
  int64_t batch = shapeOf(x)[0], steps = shapeOf(x)[1];
  Value time = reshape(node, countingConstant(node, 0, steps), {1, steps});
  Value length =
      reshape(node, cast(node, node.input(1), si64(node)), {batch, 1});
  Value mirrored =
      binary(node, BinaryKind::Sub,
             binary(node, BinaryKind::Sub, length, scalarLike(node, length, 1)),
             time);
  Value source = select(node, compare(node, CompareKind::Less, time, length),
                        mirrored, time);
  source = reshape(node, source, {batch, steps, 1});
  x = node.create<GatherNDOp>(x, source, int64_t(1));
  return node.setOutput(0, transpose(node, x, order));
}

VISIR_ONNX_OP(ReverseSequence, 10, 2, importReverseSequence)
