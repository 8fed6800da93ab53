// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pictures to inputs. Digests are FNV-1a of the pixels that Pillow 13 gives
// for models/photos/flower.jpg.
#include "tools/common/preprocess.h"
#include "tools/common/ranking.h"
#include "tools/common/resample.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstdio>
#include <fstream>

using namespace visir;
using namespace visir::tools;
using ::testing::HasSubstr;

namespace {

const std::string kFlower = VISIR_SOURCE "/models/photos/flower.jpg";

std::string digest(const Picture &picture) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (uint8_t byte : picture.pixels)
    hash = (hash ^ byte) * 0x100000001b3u;
  char text[17];
  snprintf(text, sizeof(text), "%016llx",
           static_cast<unsigned long long>(hash));
  return text;
}

template <typename F> std::string thrown(F action) {
  try {
    action();
  } catch (const std::exception &error) {
    return error.what();
  }
  return "";
}

std::string write(const std::string &name, const std::string &bytes) {
  std::string path = ::testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string contents(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

#if VISIR_HAVE_JPEG
TEST(PictureTest, JpegPixelsAreThoseOfPillow) {
  EXPECT_TRUE(isPicture(kFlower));
  Picture flower = readPicture(kFlower);
  EXPECT_EQ(flower.width, 256u);
  EXPECT_EQ(flower.height, 256u);
  EXPECT_EQ(digest(flower), "1afefd2217941b2e");
  EXPECT_EQ(digest(toGray(flower)), "99c0c097435909e6");
}

TEST(PictureTest, ResamplingIsThatOfPillow) {
  Picture flower = readPicture(kFlower);
  auto scaled = [&](uint32_t width, uint32_t height, Filter filter) {
    return digest(resample(flower, width, height, filter, true));
  };
  EXPECT_EQ(scaled(100, 77, Filter::bilinear), "e16e7ed2a78afa9d");
  EXPECT_EQ(scaled(100, 77, Filter::bicubic), "f72da2e605f741ed");
  EXPECT_EQ(scaled(300, 511, Filter::bilinear), "bc31ebc8f0893cc3");
  EXPECT_EQ(scaled(300, 511, Filter::bicubic), "3741109a80091880");
  EXPECT_EQ(scaled(100, 300, Filter::nearest), "3305ca4777ef8a0c");
  EXPECT_EQ(scaled(256, 256, Filter::bicubic), "1afefd2217941b2e");
}

// Resize(128) and CenterCrop((112, 100)) of torchvision on the upper left
// 200x150 pixels.
TEST(PictureTest, ShorterSideAndCrop) {
  Picture flower = readPicture(kFlower);
  Picture corner = {200, 150, 3, {}};
  for (size_t y = 0; y < 150; ++y)
    corner.pixels.insert(corner.pixels.end(), flower.pixels.begin() + y * 768,
                         flower.pixels.begin() + y * 768 + 600);
  Picture scaled = resampleShorter(corner, 128, Filter::bilinear, true);
  EXPECT_EQ(scaled.width, 170u);
  EXPECT_EQ(scaled.height, 128u);
  EXPECT_EQ(digest(cropCentre(scaled, 100, 112)), "5f4d0ad8c4f96a0a");
}

TEST(PictureTest, DamagedJpeg) {
  std::string bytes = contents(kFlower);
  std::string text =
      thrown([&] { readPicture(write("cut.jpg", bytes.substr(0, 8000))); });
  EXPECT_THAT(text, HasSubstr("cut.jpg\": JPEG picture is damaged: "));
  text = thrown([&] { readPicture(write("cut.jpg", bytes.substr(0, 10))); });
  EXPECT_THAT(text, HasSubstr("JPEG picture is damaged: "));
}
#endif

#if VISIR_HAVE_PNG
// Two pixels, 1x2, RGBA: (255, 0, 0, 255) and (1, 2, 3, 0).
const unsigned char kPng[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00,
    0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
    0x00, 0x02, 0x08, 0x06, 0x00, 0x00, 0x00, 0x99, 0x81, 0xb6, 0x27,
    0x00, 0x00, 0x00, 0x12, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63,
    0xf8, 0xcf, 0xc0, 0xf0, 0x9f, 0x81, 0x91, 0x89, 0x99, 0x01, 0x00,
    0x0f, 0x0b, 0x02, 0x05, 0x04, 0x6e, 0xd7, 0xc4, 0x00, 0x00, 0x00,
    0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

TEST(PictureTest, Png) {
  std::string bytes(kPng, kPng + sizeof(kPng));
  Picture picture = readPicture(write("two.png", bytes));
  EXPECT_EQ(picture.width, 1u);
  EXPECT_EQ(picture.height, 2u);
  EXPECT_THAT(picture.pixels, ::testing::ElementsAre(255, 0, 0, 1, 2, 3));
  bytes[45] ^= 1;
  EXPECT_THAT(thrown([&] { readPicture(write("bad.png", bytes)); }),
              HasSubstr("bad.png\": PNG picture is damaged: "));
}
#endif

#if VISIR_HAVE_PNG
// A header and no pixels.
TEST(PictureTest, HugePng) {
  const unsigned char header[] = {
      0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d,
      0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0xff, 0xff, 0x00, 0x00, 0xff, 0xff,
      0x08, 0x02, 0x00, 0x00, 0x00, 0x39, 0x67, 0x4e, 0x07, 0x00, 0x00, 0x00,
      0x00, 0x49, 0x44, 0x41, 0x54, 0x35, 0xaf, 0x06, 0x1e};
  std::string bytes(header, header + sizeof(header));
  EXPECT_THAT(thrown([&] { readPicture(write("huge.png", bytes)); }),
              HasSubstr("huge.png\": picture has 65535x65535 pixels, expected "
                        "at most 268435456"));
}
#endif

TEST(PictureTest, HugeScale) {
  Picture tall = {1, 5000, 3, std::vector<uint8_t>(15000)};
  EXPECT_EQ(
      thrown([&] { resampleShorter(tall, 65535, Filter::bilinear, true); }),
      "picture becomes 65535x1048576 pixels, expected at most 268435456");
}

TEST(PictureTest, OtherFiles) {
  std::string path = write("text.jpg", "hello, I am a text");
  EXPECT_TRUE(isPicture(path)); // by its name
  EXPECT_EQ(thrown([&] { readPicture(path); }),
            "\"" + path + "\": is no JPEG or PNG picture");
  EXPECT_EQ(thrown([&] { readPicture("/no/file.jpg"); }),
            "\"/no/file.jpg\": cannot be opened");
  EXPECT_FALSE(isPicture("/no/file"));
}

TEST(ResampleTest, WithoutAntialiasAPixelTakesItsNeighbours) {
  Picture row = {8, 1, 1, {0, 0, 100, 200, 0, 0, 0, 80}};
  Picture half = resample(row, 2, 1, Filter::bilinear, false);
  // Centres 2 and 6: halfway between pixels 1 and 2, 5 and 6.
  EXPECT_THAT(half.pixels, ::testing::ElementsAre(50, 0));
  half = resample(row, 2, 1, Filter::bilinear, true);
  EXPECT_GT(half.pixels[1], 0);
}

TEST(ResampleTest, CropBeyondTheEdgeIsBlack) {
  Picture one = {1, 1, 1, {9}};
  EXPECT_THAT(cropCentre(one, 3, 1).pixels, ::testing::ElementsAre(0, 9, 0));
}

visir_tensor_info_t inputInfo(visir_dtype_t dtype, std::vector<int64_t> dims) {
  visir_tensor_info_t info = {};
  info.name = "image";
  info.dtype = dtype;
  info.rank = static_cast<uint32_t>(dims.size());
  std::copy(dims.begin(), dims.end(), info.dims);
  return info;
}

visir_preprocess_info_t preprocessing() {
  visir_preprocess_info_t info = {};
  info.resize_filter = 2;
  info.antialias = 1;
  info.channels = 3;
  info.scale = 1.0f / 255;
  for (int c = 0; c < 3; ++c) {
    info.mean[c] = 0.25f * static_cast<float>(c);
    info.std[c] = 0.5f;
  }
  return info;
}

// Red, green and blue in a row of 2 pixels.
const Picture kTwo = {2, 1, 3, {255, 0, 51, 0, 102, 255}};

TEST(PreprocessTest, NormalisesAndLaysOut) {
  visir_preprocess_info_t info = preprocessing();
  rt::Tensor planar =
      pictureTensor(kTwo, info, inputInfo(VISIR_F32, {1, 3, 1, 2}));
  const float expected[] = {2, 0, -0.5f, 0.3f, -0.6f, 1};
  for (int i = 0; i < 6; ++i)
    EXPECT_FLOAT_EQ(planar.as<float>()[i], expected[i]) << i;
  info.channels_last = 1;
  rt::Tensor last =
      pictureTensor(kTwo, info, inputInfo(VISIR_F32, {1, 1, 2, 3}));
  for (int c = 0; c < 3; ++c)
    for (int x = 0; x < 2; ++x)
      EXPECT_EQ(last.as<float>()[x * 3 + c], planar.as<float>()[c * 2 + x]);
}

TEST(PreprocessTest, BlueFirstAndBytes) {
  visir_preprocess_info_t info = preprocessing();
  info.bgr = 1;
  info.scale = 1;
  for (int c = 0; c < 3; ++c)
    info.mean[c] = 0, info.std[c] = 1;
  rt::Tensor tensor =
      pictureTensor(kTwo, info, inputInfo(VISIR_U8, {1, 3, 1, 2}));
  EXPECT_THAT(
      std::vector<uint8_t>(tensor.as<uint8_t>(), tensor.as<uint8_t>() + 6),
      ::testing::ElementsAre(51, 255, 0, 102, 255, 0));
}

TEST(PreprocessTest, Refusals) {
  visir_preprocess_info_t info = preprocessing();
  auto refusal = [&](visir_dtype_t dtype, std::vector<int64_t> dims) {
    return thrown([&] { pictureTensor(kTwo, info, inputInfo(dtype, dims)); });
  };
  EXPECT_EQ(refusal(VISIR_I64, {1, 3, 2, 2}),
            "input \"image\" is i64[1,3,2,2], expected f32 or u8 for a "
            "picture");
  EXPECT_EQ(refusal(VISIR_F32, {2, 3, 2, 2}),
            "input \"image\" is f32[2,3,2,2], expected one picture, of rank 4");
  EXPECT_EQ(
      refusal(VISIR_F32, {1, 4, 2, 2}),
      "picture becomes f32[1,3,2,2], expected f32[1,4,2,2], input \"image\"");
  EXPECT_EQ(refusal(VISIR_F32, {1, 3, 0, 2}),
            "input \"image\" is f32[1,3,0,2], expected a picture of up to "
            "65535 pixels a side");
  info.crop_height = info.crop_width = 224;
  EXPECT_EQ(refusal(VISIR_F32, {1, 3, 2, 2}),
            "picture becomes f32[1,3,224,224], expected f32[1,3,2,2], input "
            "\"image\"");
}

TEST(RankingTest, LargestFirst) {
  rt::Tensor output(VISIR_F32, {1, 3});
  float values[] = {1, 3, 3};
  memcpy(output.data(), values, sizeof(values));
  std::string labels = write("labels.txt", "cat\ndog\nowl\n");
  std::vector<Rank> ranks = rank(output, 2, labels);
  ASSERT_EQ(ranks.size(), 2u);
  EXPECT_EQ(ranks[0].index, 1u);
  EXPECT_EQ(ranks[0].label, "dog");
  EXPECT_EQ(ranks[1].index, 2u);
  EXPECT_NEAR(ranks[0].share, 1 / (2 + std::exp(-2)), 1e-12);
  EXPECT_EQ(thrown([&] { rank(output, 2, "/no/labels"); }),
            "\"/no/labels\": cannot be read");
}

} // namespace
