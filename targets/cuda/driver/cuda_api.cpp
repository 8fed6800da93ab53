// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/driver/cuda_api.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

namespace visir::runtime::cuda {
namespace {

constexpr const char *kLibrary = "libcuda.so.1";

using GetProcAddress = Result (*)(const char *name, void **function,
                                  int version, uint64_t flags);

// Finds functions of the version that kInterfaceVersion names.
class Finder {
public:
  explicit Finder(void *library)
      : library(library), getAddress(reinterpret_cast<GetProcAddress>(
                              dlsym(library, "cuGetProcAddress"))) {}

  // `symbol` is the name with its version; null where there is none.
  void *find(const char *symbol) const {
    char base[64];
    size_t length = strlen(symbol);
    if (length > 3 && strcmp(symbol + length - 3, "_v2") == 0)
      length -= 3;
    memcpy(base, symbol, length);
    base[length] = '\0';
    void *function = nullptr;
    if (!getAddress)
      return dlsym(library, symbol);
    Result result = getAddress(base, &function, kInterfaceVersion, 0);
    return result == kSuccess ? function : nullptr;
  }

private:
  void *library;
  GetProcAddress getAddress;
};

StatusCode codeOf(Result result) {
  switch (result) {
  case kOutOfMemory:
    return StatusCode::outOfMemory;
  case kEccUncorrectable:
  case kIllegalAddress:
  case kLaunchTimeout:
  case kHardwareStack:
  case kHardwareStack + 1: // illegal instruction
  case kHardwareStack + 2: // misaligned address
  case kHardwareStack + 3: // invalid address space
  case kHardwareStack + 4: // invalid program counter
  case kLaunchFailed:
    return StatusCode::deviceLost;
  default:
    return StatusCode::unsupported;
  }
}

} // namespace

Status openCuda(Api *api) {
  const char *path = getenv("VISIR_CUDA_LIBRARY");
  if (!path || !*path)
    path = kLibrary;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Status::error(StatusCode::unsupported,
                         "%.64s cannot be opened, expected NVIDIA's driver",
                         path);
  Finder finder(library);
#define VISIR_CUDA_FIND(name, symbol, parameters)                              \
  api->name = reinterpret_cast<Result(*) parameters>(finder.find(symbol));     \
  if (!api->name)                                                              \
    return Status::error(StatusCode::unsupported,                              \
                         "CUDA function " symbol                               \
                         " is missing, expected a driver of CUDA 11.4 or "     \
                         "newer");
  VISIR_CUDA_FUNCTIONS(VISIR_CUDA_FIND)
#undef VISIR_CUDA_FIND
  return toStatus(*api, api->Init(0), "cuInit");
}

Status toStatus(const Api &api, Result result, const char *what) {
  if (result == kSuccess)
    return Status();
  const char *name = nullptr;
  if (api.GetErrorName(result, &name) != kSuccess || !name)
    name = "unknown";
  return Status::error(codeOf(result), "%s is %d (%s), expected success", what,
                       result, name);
}

} // namespace visir::runtime::cuda
