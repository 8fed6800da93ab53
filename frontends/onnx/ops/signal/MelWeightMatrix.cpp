// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Helpers.h"
#include "frontends/onnx/import/Tensor.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Edges of the triangular filters, in bins of the spectrum.
static SmallVector<int64_t> filterEdges(int64_t filters, int64_t length,
                                        int64_t rate, double low,
                                        double high) {
  auto mel = [](double hertz) {
    return 2595 * std::log1p(hertz / 700) / std::log(10.0);
  };
  double first = mel(low), step = (mel(high) - first) / (filters + 2);
  SmallVector<int64_t> edges;
  for (int64_t i = 0; i < filters + 2; ++i) {
    double hertz = 700 * std::expm1((i * step + first) / 2595 * std::log(10.0));
    edges.push_back(int64_t(std::floor((length + 1) * hertz / rate)));
  }
  return edges;
}

static LogicalResult importMelWeightMatrix(Node &node) {
  int64_t dataType = node.intAttr("output_datatype", 1);
  FailureOr<int64_t> filters = node.requireInt(0, "num_mel_bins");
  FailureOr<int64_t> length = node.requireInt(1, "dft_length");
  FailureOr<int64_t> rate = node.requireInt(2, "sample_rate");
  FailureOr<SmallVector<double>> low =
      node.requireDoubles(3, "lower_edge_hertz");
  FailureOr<SmallVector<double>> high =
      node.requireDoubles(4, "upper_edge_hertz");
  if (failed(filters) || failed(length) || failed(rate) || failed(low) ||
      failed(high))
    return failure();
  Type element = elementTypeOf(node.context(), dataType);
  int64_t bins = *length / 2 + 1;
  if (!element || *filters < 1 || *length < 1 || *rate < 1 ||
      low->size() != 1 || high->size() != 1 ||
      failed(checkElements(node, {bins, *filters})))
    return node.refuse("an operand is out of range");
  if (failed(checkConstantSize(node, bins * *filters)))
    return failure();
  SmallVector<int64_t> edges =
      filterEdges(*filters, *length, *rate, low->front(), high->front());
  if (edges.front() < 0 || !llvm::is_sorted(edges) || edges.back() > bins)
    return node.refuse("the edges do not lie in the spectrum");
  SmallVector<double> weights(bins * *filters, 0.0);
  for (int64_t i = 0; i < *filters; ++i) {
    int64_t left = edges[i], centre = edges[i + 1], right = edges[i + 2];
    for (int64_t bin = left; bin < right; ++bin)
      weights[bin * *filters + i] =
          bin < centre ? double(bin - left) / (centre - left)
                       : double(right - bin) / (right - centre);
    if (centre == right && centre < bins)
      weights[centre * *filters + i] = 1;
  }
  auto type = RankedTensorType::get({bins, *filters}, element);
  return node.setOutput(0, doublesConstant(node, type, weights));
}

VISIR_ONNX_OP(MelWeightMatrix, 17, 5, importMelWeightMatrix)
