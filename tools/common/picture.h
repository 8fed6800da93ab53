// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Pictures of 8 bits a channel, red first.
#ifndef VISIR_TOOLS_COMMON_PICTURE_H
#define VISIR_TOOLS_COMMON_PICTURE_H

#include <cstdint>
#include <string>
#include <vector>

namespace visir::tools {

// A few times a large camera's picture; more is an attack or a mistake.
constexpr uint64_t kMaxPixels = uint64_t(1) << 28;

struct Picture {
  uint32_t width = 0, height = 0, channels = 0;
  std::vector<uint8_t> pixels; // rows from the top, channels innermost
};

// Reads a JPEG or PNG file as three channels; transparency is dropped. Throws
// std::runtime_error, also where the tool was built without the library.
Picture readPicture(const std::string &path);

// Whether a file begins like a picture that readPicture knows, or its name
// ends like one's.
bool isPicture(const std::string &path);

// Luma of ITU-R BT.601, in one channel.
Picture toGray(const Picture &picture);

} // namespace visir::tools

#endif // VISIR_TOOLS_COMMON_PICTURE_H
