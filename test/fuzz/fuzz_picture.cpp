// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a picture: pixels, or an error.
#include "test/fuzz/scratch.h"
#include "tools/common/picture.h"

#include <exception>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  visir::testing::MemoryFile file(data, bytes);
  try {
    visir::tools::Picture picture = visir::tools::readPicture(file.path());
    if (picture.pixels.size() !=
        uint64_t(picture.width) * picture.height * picture.channels)
      abort();
    visir::tools::toGray(picture);
  } catch (const std::exception &) {
  }
  return 0;
}
