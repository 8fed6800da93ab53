// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The sample of the runtime's tests for CUDA, on the stand-in for a GPU.
#ifndef VISIR_TEST_TARGETS_CUDA_NULL_DEVICE_H
#define VISIR_TEST_TARGETS_CUDA_NULL_DEVICE_H

#include "test/runtime/conformance/conformance.h"

#include "targets/cuda/abi/kernel_abi.h"

#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <sstream>

namespace visir::testing {

// Sets the stand-in's modes while it lives.
class NullDevice {
public:
  explicit NullDevice(const char *modes = "",
                      const char *library = VISIR_NULL_CUDA_FILE) {
    setenv("VISIR_CUDA_LIBRARY", library, 1);
    setModes(modes);
  }
  ~NullDevice() {
    unsetenv("VISIR_CUDA_LIBRARY");
    unsetenv("VISIR_NULL_CUDA");
  }
  void setModes(const char *modes) { setenv("VISIR_NULL_CUDA", modes, 1); }

  // A function that it exports.
  template <typename Function> static Function find(const char *name) {
    void *library = dlopen(VISIR_NULL_CUDA_FILE, RTLD_NOW);
    return reinterpret_cast<Function>(dlsym(library, name));
  }
};

inline Bytes makeCudaCode() {
  std::ifstream file(VISIR_CUDA_SAMPLE);
  std::stringstream stream;
  stream << file.rdbuf();
  std::string text = stream.str();
  // An ELF file, as far as the driver can tell.
  std::string cubin(64, '\0');
  cubin.replace(0, 4,
                "\x7f"
                "ELF");
  cubin += text + '\0';
  visir_cuda_code_t header = {};
  header.magic = VISIR_CUDA_CODE_MAGIC;
  header.ptx_offset = sizeof(header);
  header.ptx_bytes = text.size() + 1;
  header.cubin_offset = header.ptx_offset + header.ptx_bytes;
  header.cubin_bytes = cubin.size();
  Bytes code(sizeof(header));
  memcpy(code.data(), &header, sizeof(header));
  code.insert(code.end(), text.begin(), text.end());
  code.push_back(0);
  code.insert(code.end(), cubin.begin(), cubin.end());
  return code;
}

inline ArtifactBuilder onCuda(ArtifactBuilder builder) {
  moveToDevice(builder, schema::DeviceKind::cuda);
  builder.manifest.targets[0]->name = "cuda:sm_75";
  builder.manifest.targets[0]->abi_version = VISIR_CUDA_ABI_VERSION;
  builder.sections[0] = makeCudaCode();
  for (auto &function : builder.manifest.programs[0]->functions) {
    function->code_offset = 0;
    function->code_bytes = builder.sections[0].size();
  }
  return builder;
}

} // namespace visir::testing

#endif // VISIR_TEST_TARGETS_CUDA_NULL_DEVICE_H
