// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/import/Fourier.h"

using namespace mlir;
using namespace visir;
using namespace visir::onnx;

/// Transforms of overlapping frames of a signal: batch x samples x parts.
static LogicalResult importSTFT(Node &node) {
  FourierOptions options;
  options.onesided = node.intAttr("onesided", 1);
  FailureOr<int64_t> step = node.requireInt(1, "frame_step");
  if (failed(step))
    return failure();
  Shape shape(node.shape(0));
  if (shape.size() == 2)
    shape.push_back(1);
  if (shape.size() != 3 || shape[2] < 1 || shape[2] > 2)
    return node.refuse("shape of the signal", shapeName(shape),
                       "[batch, samples, 1 or 2]");
  options.length = node.hasInput(2) ? node.shape(2)[0] : shape[1];
  if (node.hasInput(3)) {
    FailureOr<int64_t> given = node.requireInt(3, "frame_length");
    if (failed(given))
      return failure();
    options.length = *given;
  }
  int64_t length = options.length;
  if (length < 1 || length > std::min<int64_t>(shape[1], 1 << 14))
    return node.refuse("frame_length", Twine(length),
                       "1 .. the number of samples, at most 2^14");
  if (*step < 1)
    return node.refuse("frame_step", Twine(*step), "at least 1");
  int64_t frames = (shape[1] - length) / *step + 1;
  if (failed(checkConstantSize(node, frames * length)))
    return failure();
  SmallVector<int64_t> places;
  for (int64_t frame = 0; frame < frames; ++frame)
    for (int64_t i = 0; i < length; ++i)
      places.push_back(frame * *step + i);
  Value indices = reshape(node, intsConstant(node, places), {frames, length});
  Value x = node.create<GatherOp>(reshape(node, node.input(0), shape), indices,
                                  int64_t(1));
  if (node.hasInput(2))
    x = binary(node, BinaryKind::Mul, x,
               reshape(node, node.input(2), {node.shape(2)[0], 1}));
  return node.setOutput(0, fourier(node, x, options));
}

VISIR_ONNX_OP(STFT, 17, 2, importSTFT)
