// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Fourier.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The matrix (points * inParts) x (results * outParts) whose entry is
/// `weight(point, inPart, result, outPart)`.
template <typename Weight>
static Value matrix(Node &node, Type element, int64_t points, int64_t inParts,
                    int64_t results, int64_t outParts, Weight weight) {
  if (failed(checkElements(node, {points * inParts, results * outParts})) ||
      failed(checkConstantSize(node, points * inParts * results * outParts)))
    return {};
  SmallVector<double> values;
  for (int64_t n = 0; n < points; ++n)
    for (int64_t p = 0; p < inParts; ++p)
      for (int64_t k = 0; k < results; ++k)
        for (int64_t q = 0; q < outParts; ++q)
          values.push_back(weight(n, p, k, q));
  auto type =
      RankedTensorType::get({points * inParts, results * outParts}, element);
  return doublesConstant(node, type, values);
}

/// Angle of point n in result k; the product is reduced first, for accuracy.
static double angle(int64_t n, int64_t k, int64_t length) {
  return 2 * llvm::numbers::pi * double(n * k % length) / length;
}

static Value product(Node &node, Value x, Value weights, int64_t results,
                     int64_t parts) {
  if (!x || !weights)
    return {};
  Shape shape(shapeOf(x));
  Shape rows(ArrayRef(shape).drop_back(2)), out(rows);
  rows.append({1, shapeOf(weights)[0]});
  out.append({results, parts});
  return reshape(node,
                 node.create<MatMulOp>(reshape(node, x, rows), weights), out);
}

Value visir::onnx::fourier(Node &node, Value x,
                           const FourierOptions &options) {
  if (!x)
    return {};
  int64_t length = options.length, rank = shapeOf(x).size();
  int64_t parts = shapeOf(x).back();
  int64_t points = std::min(length, shapeOf(x)[rank - 2]);
  int64_t results = options.onesided ? length / 2 + 1 : length;
  double sign = options.inverse ? 1 : -1;
  double factor = options.inverse ? 1.0 / length : 1;
  x = sliceAxis(node, x, rank - 2, 0, points);
  // (a + ib)(cos + i sin) = (a cos - b sin) + i (a sin + b cos)
  Value weights = matrix(
      node, elementOf(x), points, parts, results, 2,
      [&](int64_t n, int64_t p, int64_t k, int64_t q) {
        double at = sign * angle(n, k, length);
        if (p == q)
          return factor * std::cos(at);
        return factor * (p == 0 ? std::sin(at) : -std::sin(at));
      });
  return product(node, x, weights, results, 2);
}

Value visir::onnx::fourierToReal(Node &node, Value x, int64_t length) {
  if (!x)
    return {};
  int64_t rank = shapeOf(x).size(), parts = shapeOf(x).back();
  int64_t points = std::min(length / 2 + 1, shapeOf(x)[rank - 2]);
  x = sliceAxis(node, x, rank - 2, 0, points);
  Value weights = matrix(
      node, elementOf(x), points, parts, length, 1,
      [&](int64_t n, int64_t p, int64_t k, int64_t) {
        // All but the first and the middle one stand for their mirror too.
        double factor = n == 0 || 2 * n == length ? 1 : 2;
        double at = angle(n, k, length);
        return factor / length * (p == 0 ? std::cos(at) : -std::sin(at));
      });
  return product(node, x, weights, length, 1);
}
