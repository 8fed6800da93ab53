// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Element i takes element i - distance (i + distance with `reverse`), or 1.
static Value shifted(Node &node, Value x, int64_t axis, int64_t distance,
                     bool reverse) {
  int64_t rank = shapeOf(x).size(), extent = shapeOf(x)[axis];
  Shape low(rank, 0), high(rank, 0);
  (reverse ? high : low)[axis] = distance;
  Value kept = sliceAxis(node, x, axis, reverse ? distance : 0,
                         extent - distance);
  return pad(node, kept, low, high, PadMode::Constant, 1);
}

/// Running products in log2(extent) steps of doubling distance.
static LogicalResult importCumProd(Node &node) {
  FailureOr<int64_t> given = node.requireInt(1, "axis");
  if (failed(given))
    return failure();
  FailureOr<int64_t> axis = normaliseAxis(node, *given, node.rank(0));
  bool reverse = node.intAttr("reverse", 0);
  bool exclusive = node.intAttr("exclusive", 0);
  if (failed(axis))
    return failure();
  int64_t extent = node.shape(0)[*axis];
  Value x = node.input(0);
  if (exclusive && extent > 0)
    x = shifted(node, x, *axis, 1, reverse);
  for (int64_t distance = 1; distance < extent && x; distance *= 2)
    x = binary(node, BinaryKind::Mul, x,
               shifted(node, x, *axis, distance, reverse));
  return node.setOutput(0, x);
}

VISIR_ONNX_OP(CumProd, 26, 2, importCumProd)
