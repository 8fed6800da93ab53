// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a .npy file: a tensor that can be written and read back, or an
// error.
#include "test/fuzz/scratch.h"
#include "tools/common/npy.h"

#include <cstring>
#include <exception>

using namespace visir;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
  testing::MemoryFile file(data, bytes);
  rt::Tensor tensor(VISIR_F32, {});
  try {
    tensor = tools::readNpy(file.path());
  } catch (const std::exception &) {
    return 0;
  }
  testing::MemoryFile copy(nullptr, 0);
  tools::writeNpy(copy.path(), tensor);
  rt::Tensor again = tools::readNpy(copy.path());
  if (again.dims() != tensor.dims() || again.bytes() != tensor.bytes() ||
      memcmp(again.data(), tensor.data(), tensor.bytes()) != 0)
    abort();
  return 0;
}
