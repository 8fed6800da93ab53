// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Fourier.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// The transformed axis, from the attribute or (from opset 20 on) an input.
static FailureOr<int64_t> transformedAxis(Node &node) {
  int64_t axis = node.opset() < 20 ? node.intAttr("axis", 1) : -2;
  if (node.opset() >= 20 && node.hasInput(2)) {
    FailureOr<int64_t> given = node.requireInt(2, "axis");
    if (failed(given))
      return failure();
    axis = *given;
  }
  return normaliseAxis(node, axis, node.rank(0));
}

static LogicalResult importDFT(Node &node) {
  FourierOptions options;
  options.inverse = node.intAttr("inverse", 0);
  options.onesided = node.intAttr("onesided", 0);
  FailureOr<int64_t> axis = transformedAxis(node);
  if (failed(axis))
    return failure();
  int64_t rank = node.rank(0), parts = node.shape(0).back();
  bool toReal = options.inverse && options.onesided;
  if (*axis == rank - 1 || (parts != 1 && parts != 2))
    return node.refuse("shape of the input", shapeName(node.shape(0)),
                       "a last dimension of 1 or 2 that is not transformed");
  int64_t extent = node.shape(0)[*axis];
  options.length = toReal ? 2 * (extent - 1) : extent;
  if (node.hasInput(1)) {
    FailureOr<int64_t> given = node.requireInt(1, "dft_length");
    if (failed(given))
      return failure();
    options.length = *given;
  }
  if (options.length < 1 || options.length > (1 << 14))
    return node.refuse("dft_length", Twine(options.length), "1 .. 2^14");
  Shape order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  std::swap(order[*axis], order[rank - 2]);
  Value x = transpose(node, node.input(0), order);
  x = toReal ? fourierToReal(node, x, options.length)
             : fourier(node, x, options);
  return node.setOutput(0, transpose(node, x, order));
}

VISIR_ONNX_OP(DFT, 17, 1, importDFT)
