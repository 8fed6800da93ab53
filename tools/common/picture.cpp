// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/picture.h"

#include "tools/common/model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#if VISIR_HAVE_STB
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#include <stb_image.h>
#endif

namespace visir::tools {
namespace {

constexpr int64_t kMostPixels = int64_t(64) << 20;
enum { kNearest = 1, kBicubic = 3 };

double triangle(double x) { return std::max(0.0, 1.0 - std::fabs(x)); }

double cubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// The source samples and weights of one output sample.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

std::vector<Taps> makeTaps(int in, int out, bool isCubic, bool antialias) {
  double scale = double(in) / out;
  double stretch = antialias ? std::max(scale, 1.0) : 1.0;
  double support = (isCubic ? 2.0 : 1.0) * stretch;
  std::vector<Taps> all(out);
  for (int i = 0; i < out; ++i) {
    double centre = (i + 0.5) * scale;
    int first = std::max(0, int(centre - support + 0.5));
    int last = std::min(in, int(centre + support + 0.5));
    double sum = 0;
    std::vector<double> weights;
    for (int j = first; j < last; ++j) {
      double x = (j + 0.5 - centre) / stretch;
      weights.push_back(isCubic ? cubic(x) : triangle(x));
      sum += weights.back();
    }
    all[i].first = first;
    for (double weight : weights)
      all[i].weights.push_back(float(weight / sum));
  }
  return all;
}

// Resamples rows of `count` samples, `stride` apart, to out samples each.
Picture resizeWidth(const Picture &in, int width, bool isCubic,
                    bool antialias) {
  Picture out{width, in.height, in.channels, {}};
  out.samples.assign(size_t(width) * in.height * in.channels, 0);
  auto taps = makeTaps(in.width, width, isCubic, antialias);
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < in.channels; ++c) {
        float sum = 0;
        const float *row = &in.samples[size_t(y) * in.width * in.channels];
        for (size_t t = 0; t < taps[x].weights.size(); ++t)
          sum += taps[x].weights[t] *
                 row[(taps[x].first + t) * in.channels + c];
        out.samples[(size_t(y) * width + x) * in.channels + c] = sum;
      }
  return out;
}

Picture transposed(const Picture &in) {
  Picture out{in.height, in.width, in.channels, {}};
  out.samples.resize(in.samples.size());
  for (int y = 0; y < in.height; ++y)
    for (int x = 0; x < in.width; ++x)
      memcpy(&out.samples[(size_t(x) * in.height + y) * in.channels],
             &in.samples[(size_t(y) * in.width + x) * in.channels],
             in.channels * sizeof(float));
  return out;
}

Picture crop(const Picture &in, int width, int height) {
  if (width > in.width || height > in.height)
    throw std::runtime_error(
        "picture is " + std::to_string(in.width) + "x" +
        std::to_string(in.height) + " after resizing, expected at least " +
        std::to_string(width) + "x" + std::to_string(height));
  int left = int(std::lround((in.width - width) / 2.0));
  int top = int(std::lround((in.height - height) / 2.0));
  Picture out{width, height, in.channels, {}};
  out.samples.resize(size_t(width) * height * in.channels);
  for (int y = 0; y < height; ++y)
    memcpy(&out.samples[size_t(y) * width * in.channels],
           &in.samples[(size_t(y + top) * in.width + left) * in.channels],
           size_t(width) * in.channels * sizeof(float));
  return out;
}

Picture fit(Picture picture, const visir_preprocess_info_t &how) {
  int width = int(how.crop_width), height = int(how.crop_height);
  int newWidth = width ? width : picture.width;
  int newHeight = height ? height : picture.height;
  if (int shorter = int(how.resize_shorter)) {
    bool wide = picture.width > picture.height;
    newHeight = wide ? shorter
                     : int(int64_t(shorter) * picture.height / picture.width);
    newWidth = wide ? int(int64_t(shorter) * picture.width / picture.height)
                    : shorter;
  }
  picture = resize(picture, newWidth, newHeight,
                   how.resize_filter == kBicubic, how.antialias != 0);
  return width && height ? crop(picture, width, height) : picture;
}

} // namespace

bool isPictureName(const std::string &path) {
  size_t dot = path.rfind('.');
  std::string ending = dot == std::string::npos ? "" : path.substr(dot);
  std::transform(ending.begin(), ending.end(), ending.begin(), ::tolower);
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png" ||
         ending == ".bmp";
}

Picture readPicture(const std::string &path, int channels) {
#if VISIR_HAVE_STB
  int width = 0, height = 0, inFile = 0;
  if (!stbi_info(path.c_str(), &width, &height, &inFile))
    throw std::runtime_error("\"" + path + "\": picture cannot be read: " +
                             stbi_failure_reason());
  if (int64_t(width) * height > kMostPixels)
    throw std::runtime_error("\"" + path + "\": picture has " +
                             std::to_string(int64_t(width) * height) +
                             " pixels, expected at most " +
                             std::to_string(kMostPixels));
  unsigned char *bytes =
      stbi_load(path.c_str(), &width, &height, &inFile, channels);
  if (!bytes)
    throw std::runtime_error("\"" + path + "\": picture cannot be read: " +
                             stbi_failure_reason());
  Picture picture{width, height, channels, {}};
  picture.samples.assign(bytes, bytes + size_t(width) * height * channels);
  stbi_image_free(bytes);
  return picture;
#else
  throw std::runtime_error("\"" + path +
                           "\": this build cannot read pictures, expected a "
                           ".npy file (install libstb-dev and build again)");
#endif
}

Picture resize(const Picture &picture, int width, int height, bool isCubic,
               bool antialias) {
  Picture result = picture;
  if (width != picture.width)
    result = resizeWidth(result, width, isCubic, antialias);
  if (height != picture.height)
    result = transposed(
        resizeWidth(transposed(result), height, isCubic, antialias));
  return result;
}

rt::Tensor preprocess(const Picture &picture,
                      const visir_preprocess_info_t &how,
                      const visir_tensor_info_t &info) {
  Picture fitted = fit(picture, how);
  int64_t c = fitted.channels, h = fitted.height, w = fitted.width;
  int64_t first[4] = {1, c, h, w}, last[4] = {1, h, w, c};
  const int64_t *dims = how.channels_last ? last : first;
  if (info.dtype != VISIR_F32 || info.rank != 4 ||
      !std::equal(dims, dims + 4, info.dims))
    throw std::runtime_error(
        "picture becomes f32[" + std::to_string(dims[0]) + "," +
        std::to_string(dims[1]) + "," + std::to_string(dims[2]) + "," +
        std::to_string(dims[3]) + "], expected " + describe(info));
  rt::Tensor tensor = rt::Module::makeTensor(info);
  float *out = static_cast<float *>(tensor.data());
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x)
      for (int64_t k = 0; k < c; ++k) {
        int64_t from = how.bgr ? c - 1 - k : k;
        float value = fitted.samples[(y * w + x) * c + from] * how.scale;
        value = (value - how.mean[k]) / how.std[k];
        out[how.channels_last ? (y * w + x) * c + k : (k * h + y) * w + x] =
            value;
      }
  return tensor;
}

} // namespace visir::tools
