// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/driver/cuda_device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

namespace visir::runtime::cuda {
namespace {

bool isNumber(const char *text) {
  return *text && strspn(text, "0123456789") == strlen(text);
}

// Whether `part` stands in `text`, upper and lower case alike.
bool contains(const char *text, const char *part) {
  size_t length = strlen(part);
  for (; *text; ++text)
    if (strncasecmp(text, part, length) == 0)
      return true;
  return false;
}

} // namespace

int targetArchitecture(const char *target) {
  constexpr char kPrefix[] = "cuda:sm_";
  size_t length = sizeof(kPrefix) - 1;
  if (strncmp(target, kPrefix, length) != 0 || !isNumber(target + length) ||
      strlen(target + length) > 4)
    return 0;
  return atoi(target + length);
}

Status DeviceList::open() {
  VISIR_RETURN_IF_ERROR(openCuda(&api));
  VISIR_CUDA_TRY(api, DeviceGetCount, &deviceCount);
  if (deviceCount < 1)
    return Status::error(StatusCode::unsupported,
                         "count of CUDA devices is %d, expected at least 1",
                         deviceCount);
  return Status();
}

Status DeviceList::inspect(int index, DeviceProperties *out) const {
  VISIR_CUDA_TRY(api, DeviceGet, &out->number, index);
  VISIR_CUDA_TRY(api, DeviceGetName, out->name, sizeof(out->name) - 1,
                 out->number);
  int major = 0, minor = 0;
  VISIR_CUDA_TRY(api, DeviceGetAttribute, &major, kMajor, out->number);
  VISIR_CUDA_TRY(api, DeviceGetAttribute, &minor, kMinor, out->number);
  out->architecture = 10 * major + minor;
  return Status();
}

Status DeviceList::choose(const char *which, int architecture, int *index,
                          DeviceProperties *out) const {
  bool named = false;
  DeviceProperties old;
  for (int i = 0; i < deviceCount; ++i) {
    DeviceProperties properties;
    VISIR_RETURN_IF_ERROR(inspect(i, &properties));
    if (which && !(isNumber(which) ? strtol(which, nullptr, 10) == i
                                   : contains(properties.name, which)))
      continue;
    if (properties.architecture >= architecture) {
      *index = i;
      *out = properties;
      return Status();
    }
    named = true;
    old = properties;
  }
  if (named)
    return Status::error(StatusCode::unsupported, "device \"%.64s\" is sm_%d",
                         old.name, old.architecture);
  return Status::error(StatusCode::unsupported,
                       "device is cuda:%.32s, expected cuda:0..%d or a part of "
                       "a device's name",
                       which ? which : "", deviceCount - 1);
}

Device::~Device() {
  if (context)
    (void)api.DevicePrimaryCtxRelease(properties.number);
}

Status Device::open(const char *which, int architecture) {
  DeviceList list;
  VISIR_RETURN_IF_ERROR(list.open());
  api = list.api;
  VISIR_RETURN_IF_ERROR(list.choose(which, architecture, &index, &properties));
  snprintf(text, sizeof(text), "%d, %s (sm_%d)", index, properties.name,
           properties.architecture);
  Context made = nullptr;
  VISIR_CUDA_TRY(api, DevicePrimaryCtxRetain, &made, properties.number);
  context = made;
  return Status();
}

Status DeviceMemory::allocate(const Api &from, uint64_t wanted, bool managed) {
  if (wanted == 0)
    return Status();
  if (managed)
    VISIR_CUDA_TRY(from, MemAllocManaged, &address, wanted, kMemAttachGlobal);
  else
    VISIR_CUDA_TRY(from, MemAlloc, &address, wanted);
  api = &from;
  bytes = wanted;
  return Status();
}

void DeviceMemory::release() {
  if (api)
    (void)api->MemFree(address);
  api = nullptr;
  address = bytes = 0;
}

Status HostMemory::allocate(const Api &from, uint64_t wanted) {
  void *made = nullptr;
  VISIR_CUDA_TRY(from, MemHostAlloc, &made, wanted,
                 kHostAllocPortable | kHostAllocMapped);
  api = &from;
  memory = static_cast<uint8_t *>(made);
  bytes = wanted;
  memset(memory, 0, bytes);
  VISIR_CUDA_TRY(from, MemHostGetDevicePointer, &address, made, 0);
  return Status();
}

void HostMemory::release() {
  if (api)
    (void)api->MemFreeHost(memory);
  api = nullptr;
  memory = nullptr;
  address = bytes = 0;
}

} // namespace visir::runtime::cuda
