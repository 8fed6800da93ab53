// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/preprocess.h"

#include "tools/common/model.h"
#include "tools/common/resample.h"

#include <algorithm>
#include <cmath>

namespace visir::tools {
namespace {

struct Shape {
  uint32_t channels, height, width;
};

[[noreturn]] void mismatch(const visir_tensor_info_t &input,
                           const std::string &expected) {
  throw std::runtime_error("input \"" + std::string(input.name) + "\" is " +
                           describe(input) + ", expected " + expected);
}

// The input's dims, in the layout that the artifact states.
Shape shapeOf(const visir_preprocess_info_t &preprocess,
              const visir_tensor_info_t &input) {
  if (input.dtype != VISIR_F32 && input.dtype != VISIR_U8)
    mismatch(input, "f32 or u8 for a picture");
  if (input.rank != 4 || input.dims[0] != 1)
    mismatch(input, "one picture, of rank 4");
  for (uint32_t i = 1; i < 4; ++i)
    if (input.dims[i] < 1 || input.dims[i] > 65535)
      mismatch(input, "a picture of up to 65535 pixels a side");
  auto dim = [&](uint32_t i) { return static_cast<uint32_t>(input.dims[i]); };
  Shape shape = preprocess.channels_last ? Shape{dim(3), dim(1), dim(2)}
                                         : Shape{dim(1), dim(2), dim(3)};
  return shape;
}

// Where the stored channels and crop are not those of the input.
void checkShape(const visir_preprocess_info_t &preprocess, const Shape &shape,
                const visir_tensor_info_t &input) {
  uint32_t height = preprocess.crop_height, width = preprocess.crop_width;
  Shape made = {preprocess.channels, height ? height : shape.height,
                width ? width : shape.width};
  if (made.channels == shape.channels && made.height == shape.height &&
      made.width == shape.width)
    return;
  visir_tensor_info_t other = input;
  bool last = preprocess.channels_last != 0;
  other.dims[last ? 3 : 1] = made.channels;
  other.dims[last ? 1 : 2] = made.height;
  other.dims[last ? 2 : 3] = made.width;
  throw std::runtime_error("picture becomes " + describe(other) +
                           ", expected " + describe(input) + ", input \"" +
                           input.name + "\"");
}

Filter filterOf(const visir_preprocess_info_t &preprocess) {
  switch (preprocess.resize_filter) {
  case 1:
    return Filter::nearest;
  case 3:
    return Filter::bicubic;
  default:
    return Filter::bilinear;
  }
}

Picture fit(const Picture &picture, const visir_preprocess_info_t &preprocess,
            const Shape &shape) {
  if (preprocess.resize_filter == 0)
    return cropCentre(picture, shape.width, shape.height);
  Filter filter = filterOf(preprocess);
  if (preprocess.resize_shorter == 0)
    return resample(picture, shape.width, shape.height, filter,
                    preprocess.antialias);
  return cropCentre(resampleShorter(picture, preprocess.resize_shorter, filter,
                                    preprocess.antialias),
                    shape.width, shape.height);
}

void store(rt::Tensor &tensor, size_t at, float value) {
  if (tensor.dtype() == VISIR_F32)
    tensor.as<float>()[at] = value;
  else
    tensor.as<uint8_t>()[at] =
        static_cast<uint8_t>(std::clamp(std::nearbyint(value), 0.0f, 255.0f));
}

} // namespace

rt::Tensor pictureTensor(const Picture &picture,
                         const visir_preprocess_info_t &preprocess,
                         const visir_tensor_info_t &input) {
  Shape shape = shapeOf(preprocess, input);
  checkShape(preprocess, shape, input);
  Picture fitted =
      fit(shape.channels == 1 ? toGray(picture) : picture, preprocess, shape);
  rt::Tensor tensor = rt::Module::makeTensor(input);
  size_t plane = size_t(shape.height) * shape.width;
  for (uint32_t c = 0; c < shape.channels; ++c) {
    uint32_t from = preprocess.bgr ? shape.channels - 1 - c : c;
    for (size_t i = 0; i < plane; ++i) {
      float pixel = fitted.pixels[i * shape.channels + from];
      float value =
          (pixel * preprocess.scale - preprocess.mean[c]) / preprocess.std[c];
      store(tensor,
            preprocess.channels_last ? i * shape.channels + c : c * plane + i,
            value);
    }
  }
  return tensor;
}

} // namespace visir::tools
