// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Loss.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static Value reduced(Node &node, Value loss, Value weights,
                     StringRef reduction) {
  if (reduction == "none" || !loss)
    return loss;
  auto axes =
      llvm::to_vector(llvm::seq<int64_t>(0, shapeOf(loss).size()));
  if (reduction == "mean" && !weights)
    return reduce(node, ReduceKind::Mean, loss, axes, false);
  Value sum = reduce(node, ReduceKind::Sum, loss, axes, false);
  if (reduction == "sum")
    return sum;
  return binary(node, BinaryKind::Div, sum,
                reduce(node, ReduceKind::Sum, weights, axes, false));
}

LogicalResult visir::onnx::setNegativeLogLikelihood(Node &node,
                                                    Value logProbability) {
  std::string reduction = node.stringAttr("reduction", "mean");
  if (reduction != "mean" && reduction != "sum" && reduction != "none")
    return node.refuse("reduction", reduction, "mean, sum or none");
  if (node.rank(0) < 2)
    return node.refuse("rank of the input", Twine(node.rank(0)), "at least 2");
  Shape expected(node.shape(0));
  expected.erase(expected.begin() + 1);
  if (node.shape(1) != ArrayRef<int64_t>(expected))
    return node.refuse("shape of the labels", shapeName(node.shape(1)),
                       shapeName(expected));
  Value labels = cast(node, node.input(1), si64(node)), isIgnored;
  if (node.hasAttr("ignore_index")) {
    int64_t ignored = node.intAttr("ignore_index", 0);
    isIgnored = compare(node, CompareKind::Equal, labels,
                        scalarLike(node, labels, ignored));
    // An ignored label need not be the index of a class.
    labels = select(node, isIgnored, scalarLike(node, labels, 0), labels);
  }
  Value picked = node.create<GatherElementsOp>(
      logProbability, unsqueeze(node, labels, {1}), int64_t(1));
  Value loss = unary(node, UnaryKind::Neg, reshape(node, picked, expected));
  Value weights, zero = scalarLike(node, loss, 0);
  if (node.hasInput(2))
    weights = node.create<GatherOp>(node.input(2), labels, int64_t(0));
  if (isIgnored) {
    Value one = scalarLike(node, loss, 1);
    weights = select(node, isIgnored, zero, weights ? weights : one);
    loss = select(node, isIgnored, zero, loss);
  }
  if (weights)
    loss = binary(node, BinaryKind::Mul, loss, weights);
  return node.setOutput(0, reduced(node, loss, weights, reduction));
}
