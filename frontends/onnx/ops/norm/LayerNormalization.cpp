// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Whether a parameter broadcasts to the normalised dimensions alone.
static bool fits(ArrayRef<int64_t> parameter, ArrayRef<int64_t> normalised) {
  if (parameter.size() > normalised.size())
    return false;
  ArrayRef<int64_t> last = normalised.take_back(parameter.size());
  return llvm::all_of(llvm::zip_equal(parameter, last), [](auto dims) {
    auto [have, want] = dims;
    return have == want || have == 1;
  });
}

/// The outputs Mean and InvStdDev.
static LogicalResult setStatistics(Node &node, Type stash, int64_t axis,
                                   double epsilon) {
  auto axes = llvm::to_vector(llvm::seq<int64_t>(axis, node.rank(0)));
  Value x = cast(node, node.input(0), stash);
  Value mean = reduce(node, ReduceKind::Mean, x, axes, true);
  if (node.hasOutput(1) && failed(node.setOutput(1, mean)))
    return failure();
  if (!node.hasOutput(2))
    return success();
  Value centred = binary(node, BinaryKind::Sub, x, mean);
  Value square = binary(node, BinaryKind::Mul, centred, centred);
  Value variance = reduce(node, ReduceKind::Mean, square, axes, true);
  Value deviation =
      unary(node, UnaryKind::Sqrt,
            binary(node, BinaryKind::Add, variance,
                   scalarLike(node, variance, epsilon)));
  return node.setOutput(2, unary(node, UnaryKind::Reciprocal, deviation));
}

static LogicalResult importLayerNormalization(Node &node) {
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  int64_t stashType = node.intAttr("stash_type", 1);
  FailureOr<int64_t> axis =
      normaliseAxis(node, node.intAttr("axis", -1), node.rank(0));
  if (failed(axis))
    return failure();
  ArrayRef<int64_t> normalised = node.shape(0).drop_front(*axis);
  Value scale = node.input(1), bias = node.input(2);
  bool inside = fits(node.shape(1), normalised) &&
                (!bias || fits(node.shape(2), normalised));
  Value y = node.create<LayerNormOp>(node.input(0), inside ? scale : Value(),
                                     inside ? bias : Value(), *axis,
                                     llvm::APFloat(epsilon), false);
  if (!inside) {
    y = binary(node, BinaryKind::Mul, y, scale);
    if (bias)
      y = binary(node, BinaryKind::Add, y, bias);
  }
  if (failed(node.setOutput(0, y)))
    return failure();
  if (!node.hasOutput(1) && !node.hasOutput(2))
    return success();
  Type stash = f32(node);
  if (stashType == 16)
    stash = node.builder().getBF16Type();
  else if (stashType != 1)
    return node.refuse("stash_type", Twine(stashType), "1 (f32) or 16 (bf16)");
  return setStatistics(node, stash, *axis, epsilon);
}

VISIR_ONNX_OP(LayerNormalization, 17, 2, importLayerNormalization)
