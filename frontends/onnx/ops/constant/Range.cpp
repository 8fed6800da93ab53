// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/support/Constants.h"
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/SymbolicShapes.h"

#include <cmath>

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

static LogicalResult importIntegers(Node &node, RankedTensorType scalarType) {
  FailureOr<int64_t> start = node.requireInt(0, "start");
  FailureOr<int64_t> limit = node.requireInt(1, "limit");
  FailureOr<int64_t> delta = node.requireInt(2, "delta");
  if (failed(start) || failed(limit) || failed(delta))
    return failure();
  if (*delta == 0)
    return node.refuse("delta", "0", "another number");
  double span = (double(*limit) - double(*start)) / double(*delta);
  if (failed(checkConstantSize(node, int64_t(std::min(span, 9e18)))))
    return failure();
  Shape values;
  for (int64_t value = *start; *delta > 0 ? value < *limit : value > *limit;) {
    values.push_back(value);
    if (llvm::AddOverflow(value, *delta, value))
      break;
  }
  auto type = RankedTensorType::get({int64_t(values.size())},
                                    scalarType.getElementType());
  return node.setOutput(
      0, node.constant(makeConstant(type, ArrayRef<int64_t>(values))));
}

static LogicalResult importFloats(Node &node, RankedTensorType scalarType) {
  double values[3];
  static const char *const names[] = {"start", "limit", "delta"};
  for (unsigned i = 0; i < 3; ++i) {
    FailureOr<SmallVector<double>> value = node.requireDoubles(i, names[i]);
    if (failed(value))
      return failure();
    if (value->size() != 1 || !std::isfinite(value->front()))
      return node.refuse("`" + Twine(names[i]) + "` is not one finite number");
    values[i] = value->front();
  }
  if (values[2] == 0)
    return node.refuse("delta", "0", "another number");
  double length =
      std::max(std::ceil((values[1] - values[0]) / values[2]), 0.0);
  if (failed(checkConstantSize(node, int64_t(std::min(length, 9e18)))))
    return failure();
  SmallVector<double> elements;
  for (int64_t i = 0; i < int64_t(length); ++i)
    elements.push_back(values[0] + double(i) * values[2]);
  auto type = RankedTensorType::get({int64_t(elements.size())},
                                    scalarType.getElementType());
  return node.setOutput(0, doublesConstant(node, type, elements));
}

static LogicalResult importRange(Node &node) {
  for (unsigned i = 1; i < 3; ++i)
    if (node.elementType(i) != node.elementType(0))
      return node.refuse("element type of input " + Twine(i),
                         typeName(node.elementType(i)),
                         typeName(node.elementType(0)));
  if (isBoundedNode(node, {0, 1}))
    return boundedRange(node);
  if (isFloat(node.elementType(0)))
    return importFloats(node, node.type(0));
  return importIntegers(node, node.type(0));
}

VISIR_ONNX_OP(Range, 11, 3, importRange)
