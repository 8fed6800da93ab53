// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/picture.h"

#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

#if VISIR_HAVE_JPEG
#include <csetjmp>

#include <jpeglib.h>
#endif
#if VISIR_HAVE_PNG
#include <png.h>
#endif

namespace visir::tools {
namespace {

enum class Format { unknown, jpeg, png };

struct Close {
  void operator()(FILE *file) const { fclose(file); }
};
using FileHandle = std::unique_ptr<FILE, Close>;

[[noreturn]] void fail(const std::string &path, const std::string &text) {
  throw std::runtime_error("\"" + path + "\": " + text);
}

Format formatOf(FILE *file) {
  unsigned char start[8] = {};
  size_t got = fread(start, 1, sizeof(start), file);
  rewind(file);
  if (got >= 3 && memcmp(start, "\xff\xd8\xff", 3) == 0)
    return Format::jpeg;
  if (got == 8 && memcmp(start, "\x89PNG\r\n\x1a\n", 8) == 0)
    return Format::png;
  return Format::unknown;
}

// Used where there is a library for pictures.
[[maybe_unused]] void allocate(Picture &picture, uint32_t width,
                               uint32_t height, uint32_t channels,
                               const std::string &path) {
  if (uint64_t(width) * height > kMaxPixels)
    fail(path, "picture has " + std::to_string(width) + "x" +
                   std::to_string(height) + " pixels, expected at most " +
                   std::to_string(kMaxPixels));
  picture.width = width;
  picture.height = height;
  picture.channels = channels;
  picture.pixels.resize(uint64_t(width) * height * channels);
}

#if VISIR_HAVE_JPEG
struct JpegErrors {
  jpeg_error_mgr manager;
  jmp_buf back;
  char text[JMSG_LENGTH_MAX];
};

void jpegFailed(j_common_ptr info) {
  auto *errors = reinterpret_cast<JpegErrors *>(info->err);
  info->err->format_message(info, errors->text);
  longjmp(errors->back, 1);
}

// Warnings are what libjpeg would guess pixels for: data that ends early.
void jpegMessage(j_common_ptr info, int level) {
  if (level < 0)
    jpegFailed(info);
}

// Holds no object with a destructor of its own: libjpeg leaves by longjmp.
bool decodeJpeg(jpeg_decompress_struct &info, JpegErrors &errors, FILE *file,
                Picture &picture, const std::string &path) {
  if (setjmp(errors.back))
    return false;
  jpeg_create_decompress(&info);
  jpeg_stdio_src(&info, file);
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  allocate(picture, info.output_width, info.output_height, 3, path);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = picture.pixels.data() +
                   uint64_t(info.output_scanline) * picture.width * 3;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  return true;
}

Picture readJpeg(FILE *file, const std::string &path) {
  jpeg_decompress_struct info = {};
  JpegErrors errors = {};
  info.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = jpegFailed;
  errors.manager.emit_message = jpegMessage;
  struct Destroy {
    jpeg_decompress_struct *info;
    ~Destroy() { jpeg_destroy_decompress(info); }
  } destroy{&info};
  Picture picture;
  if (!decodeJpeg(info, errors, file, picture, path))
    fail(path, std::string("JPEG picture is damaged: ") + errors.text);
  return picture;
}
#else
Picture readJpeg(FILE *, const std::string &path) {
  fail(path, "is a JPEG picture, which this build cannot read");
}
#endif

#if VISIR_HAVE_PNG
Picture readPng(FILE *file, const std::string &path) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  struct Release {
    png_image *image;
    ~Release() { png_image_free(image); }
  } release{&image};
  if (!png_image_begin_read_from_stdio(&image, file))
    fail(path, std::string("PNG picture is damaged: ") + image.message);
  image.format = PNG_FORMAT_RGBA;
  Picture picture;
  allocate(picture, image.width, image.height, 4, path);
  if (!png_image_finish_read(&image, nullptr, picture.pixels.data(), 0,
                             nullptr))
    fail(path, std::string("PNG picture is damaged: ") + image.message);
  uint64_t count = uint64_t(picture.width) * picture.height;
  for (uint64_t i = 0; i < count; ++i)
    for (uint64_t c = 0; c < 3; ++c)
      picture.pixels[3 * i + c] = picture.pixels[4 * i + c];
  picture.channels = 3;
  picture.pixels.resize(3 * count);
  return picture;
}
#else
Picture readPng(FILE *, const std::string &path) {
  fail(path, "is a PNG picture, which this build cannot read");
}
#endif

} // namespace

Picture readPicture(const std::string &path) {
  FileHandle file(fopen(path.c_str(), "rb"));
  if (!file)
    fail(path, "cannot be opened");
  switch (formatOf(file.get())) {
  case Format::jpeg:
    return readJpeg(file.get(), path);
  case Format::png:
    return readPng(file.get(), path);
  default:
    fail(path, "is no JPEG or PNG picture");
  }
}

bool isPicture(const std::string &path) {
  size_t dot = path.rfind('.');
  std::string ending = dot == std::string::npos ? "" : path.substr(dot);
  for (const char *known : {".jpg", ".jpeg", ".png", ".JPG", ".PNG"})
    if (ending == known)
      return true;
  FileHandle file(fopen(path.c_str(), "rb"));
  return file && formatOf(file.get()) != Format::unknown;
}

Picture toGray(const Picture &picture) {
  Picture gray;
  gray.width = picture.width;
  gray.height = picture.height;
  gray.channels = 1;
  gray.pixels.resize(uint64_t(gray.width) * gray.height);
  for (size_t i = 0; i < gray.pixels.size(); ++i) {
    const uint8_t *rgb = &picture.pixels[3 * i];
    // 0.299, 0.587 and 0.114 in 16 bits of fraction.
    uint32_t sum = 19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2];
    gray.pixels[i] = static_cast<uint8_t>((sum + 0x8000) >> 16);
  }
  return gray;
}

} // namespace visir::tools
