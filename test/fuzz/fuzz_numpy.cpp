// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as the compiler's .npy or .npz file: arrays whose bytes are as
// many as their shapes say, or an error.
#include "compiler/driver/Npz.h"
#include "test/fuzz/scratch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  visir::testing::MemoryFile file(data, bytes);
  auto arrays = visir::readNumpy(file.path());
  if (!arrays) {
    llvm::consumeError(arrays.takeError());
    return 0;
  }
  for (const visir::NpyArray &array : *arrays) {
    size_t size = array.dtype.back() - '0';
    for (int64_t extent : array.shape)
      size *= extent;
    if (size != array.bytes.size())
      abort();
  }
  return 0;
}
