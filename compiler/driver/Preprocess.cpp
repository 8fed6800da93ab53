// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/driver/Preprocess.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>

using namespace llvm;
using namespace visir;

/// The longest side that the artifact's verifier lets pass.
static constexpr uint32_t kMaxPictureSide = 65535;

static void setImagenet(PreprocessSpec &spec) {
  spec.resizeShorter = 256;
  spec.cropHeight = spec.cropWidth = 224;
  spec.mean = {0.485f, 0.456f, 0.406f};
  spec.std = {0.229f, 0.224f, 0.225f};
}

/// A number that is finite as a float.
static bool readFloat(StringRef text, float &value) {
  double wide;
  if (text.getAsDouble(wide))
    return false;
  value = float(wide);
  return std::isfinite(value);
}

/// "[a, b, c]" or "a".
static bool readFloats(StringRef text, std::vector<float> &values) {
  text = text.trim();
  if (text.consume_front("["))
    if (!text.consume_back("]"))
      return false;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    float value;
    if (!readFloat(part.trim(), value))
      return false;
    values.push_back(value);
  }
  return true;
}

/// Sets one key; false if the value cannot be read or the key is unknown.
static bool setKey(StringRef key, StringRef value, PreprocessSpec &spec) {
  auto number = [&](uint32_t &target) {
    return !value.getAsInteger(10, target) && target <= kMaxPictureSide;
  };
  StringRef text = value.trim("\"");
  if (key == "input")
    spec.input = text.str();
  else if (key == "resize_shorter")
    return number(spec.resizeShorter);
  else if (key == "crop_height")
    return number(spec.cropHeight);
  else if (key == "crop_width")
    return number(spec.cropWidth);
  else if (key == "channels")
    return number(spec.channels) && (spec.channels == 1 || spec.channels == 3);
  else if (key == "filter" && (text == "bilinear" || text == "bicubic"))
    spec.bicubic = text == "bicubic";
  else if (key == "layout" && (text == "nchw" || text == "nhwc"))
    spec.channelsLast = text == "nhwc";
  else if (key == "mean")
    return readFloats(value, spec.mean);
  else if (key == "std")
    return readFloats(value, spec.std) && !llvm::is_contained(spec.std, 0.0f);
  else if (key == "scale")
    return readFloat(value, spec.scale);
  else
    return false;
  return true;
}

std::string visir::readPreprocess(StringRef text, PreprocessSpec &spec) {
  if (text == "imagenet") {
    setImagenet(spec);
    return "";
  }
  auto file = MemoryBuffer::getFile(text, /*IsText=*/true);
  if (!file)
    return ("preprocessing is " + text +
            ", expected imagenet or a file: " + file.getError().message())
        .str();
  SmallVector<StringRef> lines;
  (*file)->getBuffer().split(lines, '\n');
  for (auto [number, raw] : llvm::enumerate(lines)) {
    StringRef line = raw.split('#').first.trim();
    if (line.empty())
      continue;
    auto [key, value] = line.split('=');
    if (!setKey(key.trim(), value.trim(), spec))
      return (text + ":" + Twine(number + 1) + ": line is \"" + line +
              "\", expected a known key and a value it can have")
          .str();
  }
  for (const auto *values : {&spec.mean, &spec.std})
    if (!values->empty() && values->size() != spec.channels)
      return (text + ": mean or std has " + Twine(values->size()) +
              " values, expected " + Twine(spec.channels))
          .str();
  return "";
}
