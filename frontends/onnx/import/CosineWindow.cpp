// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/CosineWindow.h"

#include "frontends/onnx/import/Tensor.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

LogicalResult visir::onnx::setCosineWindow(Node &node,
                                           ArrayRef<double> weights) {
  bool periodic = node.intAttr("periodic", 1);
  int64_t dataType = node.intAttr("output_datatype", 1);
  FailureOr<int64_t> size = node.requireInt(0, "size");
  if (failed(size) || failed(checkElements(node, {*size})) ||
      failed(checkConstantSize(node, *size)))
    return failure();
  Type element = elementTypeOf(node.context(), dataType);
  if (!element)
    return node.refuse("output_datatype", dataTypeName(dataType),
                       "a supported element type");
  double period = std::max<int64_t>(1, periodic ? *size : *size - 1);
  SmallVector<double> values(*size, 0.0);
  for (auto [n, value] : llvm::enumerate(values))
    for (auto [k, weight] : llvm::enumerate(weights))
      value += weight * std::cos(2 * llvm::numbers::pi * k * n / period);
  auto type = RankedTensorType::get({*size}, element);
  return node.setOutput(0, doublesConstant(node, type, values));
}
