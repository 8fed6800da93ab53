// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pictures as inputs: decoding, and the preprocessing that an artifact names.
#ifndef VISIR_TOOLS_COMMON_PICTURE_H
#define VISIR_TOOLS_COMMON_PICTURE_H

#include "runtime/include/visir/runtime.hpp"

#include <string>
#include <vector>

namespace visir::tools {

// Interleaved samples in 0..255, row by row.
struct Picture {
  int width = 0, height = 0, channels = 0;
  std::vector<float> samples;
};

// Whether the file's name ends like a picture's (.jpg, .jpeg, .png, .bmp).
bool isPictureName(const std::string &path);

// Decodes JPEG, PNG or BMP to 1 or 3 channels (red first). Throws
// std::runtime_error on a file that cannot be read or is larger than 64
// megapixels.
Picture readPicture(const std::string &path, int channels);

// Resamples with a triangle (bilinear) or cubic (a = -0.5) filter, widened by
// the scale where that shrinks and `antialias` is set. Samples stay floats
// between the two passes.
Picture resize(const Picture &picture, int width, int height, bool cubic,
               bool antialias);

// Resizes, crops, scales and normalises as `how` says, into a tensor of
// `info` (f32). Throws if the shapes do not fit.
rt::Tensor preprocess(const Picture &picture,
                      const visir_preprocess_info_t &how,
                      const visir_tensor_info_t &info);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_PICTURE_H
