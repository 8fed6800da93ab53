// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Compare.h"

#include "compiler/driver/Evaluate.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using visir::reference::Tensor;

/// The error of one element before scaling.
static double elementError(const Tensor &tensor, double actual,
                           double expected) {
  if (actual == expected || (std::isnan(actual) && std::isnan(expected)))
    return 0;
  if (!tensor.isFloat() || !std::isfinite(actual) || !std::isfinite(expected))
    return HUGE_VAL;
  return std::fabs(actual - expected);
}

Difference visir::measure(const Tensor &actual, const Tensor &expected) {
  Difference difference;
  int64_t size = expected.size();
  double worst = 0;
  for (int64_t i = 0; i < size; ++i) {
    // The target's type is what the expected value is compared in.
    double want = expected.isFloat() && !std::isfinite(actual.asDouble(i))
                      ? reference::roundToElement(expected.element(),
                                                  expected.asDouble(i))
                      : expected.asDouble(i);
    if (std::isfinite(want))
      difference.largest = std::fmax(difference.largest, std::fabs(want));
    double error = elementError(expected, actual.asDouble(i), want);
    if (error > worst || i == 0) {
      worst = std::fmax(worst, error);
      difference.element = i;
      difference.actual = actual.asDouble(i);
      difference.expected = want;
    }
  }
  double scale = difference.largest > 0 ? difference.largest : 1;
  difference.error = worst / scale;
  return difference;
}

double visir::permittedError(Type element, double factor) {
  if (element.isF64())
    return 1e-10 * factor;
  if (element.isF16())
    return 1e-2 * factor;
  if (element.isBF16())
    return 5e-2 * factor;
  return isa<FloatType>(element) ? 1e-4 * factor : 0;
}

FailureOr<Comparison> visir::compareOutputs(func::FuncOp function,
                                            ArrayRef<Tensor> inputs,
                                            const TargetRunner &runner,
                                            double factor) {
  auto expected = reference::evaluate(function, inputs);
  if (failed(expected))
    return failure();
  auto module = function->getParentOfType<ModuleOp>();
  auto actual = runner(module, inputs);
  if (failed(actual))
    return failure();
  Comparison comparison;
  for (auto [i, want] : llvm::enumerate(*expected)) {
    Difference difference = measure((*actual)[i], want);
    comparison.names.push_back(resultName(function, i));
    comparison.agrees &=
        difference.error <= permittedError(want.element(), factor);
    comparison.outputs.push_back(difference);
  }
  return comparison;
}

FailureOr<std::optional<Difference>>
visir::compareOps(func::FuncOp function, ArrayRef<Tensor> inputs,
                  ArrayRef<Operation *> ops, const TargetRunner &runner,
                  double factor) {
  Subgraph part = extractSubgraph(function, ops);
  auto fed = referenceValues(function, inputs, part.arguments);
  if (failed(fed))
    return failure();
  auto expected = reference::evaluate(part.function(), *fed);
  if (failed(expected))
    return failure();
  // A target reads its inputs rounded to their type.
  SmallVector<Tensor> rounded;
  for (const Tensor &tensor : *fed)
    rounded.push_back(Tensor::fromBytes(tensor.type(), tensor.toBytes()));
  auto actual = runner(*part.module, rounded);
  if (failed(actual))
    return failure();
  std::optional<Difference> worst;
  for (auto [got, want] : llvm::zip_equal(*actual, *expected)) {
    Difference difference = measure(got, want);
    if (difference.error > permittedError(want.element(), factor) &&
        (!worst || difference.error > worst->error))
      worst = difference;
  }
  return worst;
}

FailureOr<std::optional<FirstDifference>>
visir::findFirstDifference(func::FuncOp function, ArrayRef<Tensor> inputs,
                           const TargetRunner &runner, double factor,
                           std::function<void(size_t, size_t)> progress) {
  SmallVector<Operation *> ops = computedOps(function);
  auto comparePrefix = [&](size_t count) {
    return compareOps(function, inputs,
                      ArrayRef<Operation *>(ops).take_front(count), runner,
                      factor);
  };
  // The ops before `agrees` agree, those before `differs` do not.
  size_t agrees = 0, differs = ops.size();
  auto difference = comparePrefix(differs);
  if (failed(difference))
    return failure();
  if (!*difference)
    return std::optional<FirstDifference>();
  FirstDifference first;
  first.difference = **difference;
  while (differs - agrees > 1) {
    if (progress)
      progress(agrees, differs);
    size_t middle = agrees + (differs - agrees) / 2;
    difference = comparePrefix(middle);
    if (failed(difference))
      return failure();
    if (*difference) {
      differs = middle;
      first.difference = **difference;
    } else {
      agrees = middle;
    }
  }
  first.op = ops[differs - 1];
  first.prefix.assign(ops.begin(), ops.begin() + differs);
  return std::optional<FirstDifference>(first);
}
