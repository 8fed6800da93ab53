// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/driver/vulkan_api.h"

#include <dlfcn.h>
#include <stdlib.h>

namespace visir::runtime::vulkan {
namespace {

#if defined(__APPLE__)
constexpr const char *kLibrary = "libvulkan.1.dylib";
#else
constexpr const char *kLibrary = "libvulkan.so.1";
#endif

Status missing(const char *name) {
  return Status::error(StatusCode::unsupported,
                       "Vulkan function %s is missing, expected one", name);
}

const char *resultName(VkResult result) {
  switch (result) {
  case VK_ERROR_OUT_OF_HOST_MEMORY:
    return "out of host memory";
  case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    return "out of device memory";
  case VK_ERROR_INITIALIZATION_FAILED:
    return "initialization failed";
  case VK_ERROR_DEVICE_LOST:
    return "device lost";
  case VK_ERROR_MEMORY_MAP_FAILED:
    return "memory map failed";
  case VK_ERROR_LAYER_NOT_PRESENT:
    return "layer not present";
  case VK_ERROR_EXTENSION_NOT_PRESENT:
    return "extension not present";
  case VK_ERROR_FEATURE_NOT_PRESENT:
    return "feature not present";
  case VK_ERROR_INCOMPATIBLE_DRIVER:
    return "no driver";
  case VK_ERROR_TOO_MANY_OBJECTS:
    return "too many objects";
  case VK_ERROR_FRAGMENTED_POOL:
    return "fragmented pool";
  case VK_ERROR_OUT_OF_POOL_MEMORY:
    return "out of pool memory";
  case VK_TIMEOUT:
    return "timeout";
  default:
    return "failure";
  }
}

StatusCode resultCode(VkResult result) {
  switch (result) {
  case VK_ERROR_OUT_OF_HOST_MEMORY:
  case VK_ERROR_OUT_OF_DEVICE_MEMORY:
  case VK_ERROR_TOO_MANY_OBJECTS:
  case VK_ERROR_FRAGMENTED_POOL:
  case VK_ERROR_OUT_OF_POOL_MEMORY:
    return StatusCode::outOfMemory;
  case VK_ERROR_DEVICE_LOST:
    return StatusCode::deviceLost;
  default:
    return StatusCode::unsupported;
  }
}

} // namespace

// A function of `api`, by the name that `find` knows it by.
#define VISIR_VK_FIND(name)                                                    \
  api->name = reinterpret_cast<PFN_vk##name>(find("vk" #name));                \
  if (!api->name)                                                              \
    return missing("vk" #name);

Status openVulkan(GlobalApi *api) {
  const char *path = getenv("VISIR_VULKAN_LIBRARY");
  if (!path || !*path)
    path = kLibrary;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return Status::error(StatusCode::unsupported,
                         "%.64s cannot be opened, expected the Vulkan loader",
                         path);
  api->GetInstanceProcAddr = reinterpret_cast<PFN_vkGetInstanceProcAddr>(
      dlsym(library, "vkGetInstanceProcAddr"));
  if (!api->GetInstanceProcAddr)
    return missing("vkGetInstanceProcAddr");
  auto find = [&](const char *name) {
    return api->GetInstanceProcAddr(nullptr, name);
  };
  VISIR_VK_GLOBAL_FUNCTIONS(VISIR_VK_FIND)
  return Status();
}

Status findInstanceFunctions(const GlobalApi &global, VkInstance instance,
                             InstanceApi *api) {
  auto find = [&](const char *name) {
    return global.GetInstanceProcAddr(instance, name);
  };
  VISIR_VK_INSTANCE_FUNCTIONS(VISIR_VK_FIND)
  return Status();
}

Status findDeviceFunctions(const InstanceApi &instance, VkDevice device,
                           DeviceApi *api) {
  auto find = [&](const char *name) {
    return instance.GetDeviceProcAddr(device, name);
  };
  VISIR_VK_DEVICE_FUNCTIONS(VISIR_VK_FIND)
  return Status();
}

#undef VISIR_VK_FIND

Status toStatus(VkResult result, const char *what) {
  if (result == VK_SUCCESS)
    return Status();
  return Status::error(resultCode(result), "%s is %d (%s), expected success",
                       what, static_cast<int>(result), resultName(result));
}

} // namespace visir::runtime::vulkan
