// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Finding devices and what they can do.
#include "targets/vulkan/abi/kernel_abi.h"
#include "targets/vulkan/driver/vulkan_matrices.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

namespace visir::runtime::vulkan {
namespace {

constexpr const char *kFeatureNames[] = {
#define VISIR_NAME(name, feature) name,
    VISIR_VULKAN_FEATURES(VISIR_NAME)
#undef VISIR_NAME
};
constexpr uint32_t kFeatureCount =
    sizeof(kFeatureNames) / sizeof(kFeatureNames[0]);

// Higher is better.
int typeRank(VkPhysicalDeviceType type) {
  switch (type) {
  case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
    return 4;
  case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
    return 3;
  case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
    return 2;
  case VK_PHYSICAL_DEVICE_TYPE_CPU:
    return 1;
  default:
    return 0;
  }
}

bool contains(const char *text, const char *part) {
  size_t length = strlen(part);
  for (; *text; ++text)
    if (strncasecmp(text, part, length) == 0)
      return true;
  return false;
}

bool isNumber(const char *text) {
  for (const char *c = text; *c; ++c)
    if (!isdigit(static_cast<unsigned char>(*c)))
      return false;
  return *text != '\0';
}

} // namespace

const char *typeName(VkPhysicalDeviceType type) {
  constexpr const char *kNames[] = {"other", "cpu", "virtual", "integrated",
                                    "discrete"};
  return kNames[typeRank(type)];
}

bool parseFeatures(const char *list, uint32_t *features, const char **unknown) {
  *features = 0;
  while (*list) {
    size_t length = strcspn(list, ",");
    uint32_t bit = 0;
    while (bit < kFeatureCount &&
           (strlen(kFeatureNames[bit]) != length ||
            strncmp(kFeatureNames[bit], list, length) != 0))
      ++bit;
    if (bit == kFeatureCount) {
      *unknown = list;
      return false;
    }
    *features |= 1u << bit;
    list += length + (list[length] == ',');
  }
  return true;
}

const char *featureName(uint32_t features) {
  return kFeatureNames[__builtin_ctz(features)];
}

Instance::~Instance() {
  if (handle && api.DestroyInstance)
    api.DestroyInstance(handle, nullptr);
}

Status Instance::open() {
  VISIR_RETURN_IF_ERROR(openVulkan(&global));
  uint32_t version = 0;
  VISIR_VK_TRY(global, EnumerateInstanceVersion, &version);
  if (version < VK_API_VERSION_1_1)
    return Status::error(StatusCode::unsupported,
                         "Vulkan version is %u.%u, expected at least 1.1",
                         VK_API_VERSION_MAJOR(version),
                         VK_API_VERSION_MINOR(version));
  VkApplicationInfo application = {};
  application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
  application.pEngineName = "visir";
  // The newest whose parts are used where they are.
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  info.pApplicationInfo = &application;
  VISIR_VK_TRY(global, CreateInstance, &info, nullptr, &handle);
  VISIR_RETURN_IF_ERROR(findInstanceFunctions(global, handle, &api));
  VkPhysicalDevice handles[kMaxDevices];
  deviceCount = kMaxDevices;
  VkResult result = api.EnumeratePhysicalDevices(handle, &deviceCount, handles);
  if (result != VK_INCOMPLETE)
    VISIR_RETURN_IF_ERROR(toStatus(result, "vkEnumeratePhysicalDevices"));
  if (deviceCount == 0)
    return Status::error(StatusCode::unsupported,
                         "count of Vulkan devices is 0, expected at least 1");
  for (uint32_t i = 0; i < deviceCount; ++i) {
    devices[i].handle = handles[i];
    devices[i].index = i;
    inspect(devices[i]);
  }
  return Status();
}

void Instance::inspect(PhysicalDevice &device) const {
  api.GetPhysicalDeviceProperties(device.handle, &device.properties);
  if (device.properties.apiVersion < VK_API_VERSION_1_1) {
    device.unfit = "its version of Vulkan is below 1.1";
    return;
  }
  VkPhysicalDeviceSubgroupProperties subgroup = {};
  subgroup.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES;
  VkPhysicalDeviceProperties2 more = {};
  more.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  more.pNext = &subgroup;
  api.GetPhysicalDeviceProperties2(device.handle, &more);
  device.subgroupSize = subgroup.subgroupSize;
  constexpr uint32_t kMaxFamilies = 32;
  VkQueueFamilyProperties families[kMaxFamilies];
  uint32_t familyCount = kMaxFamilies;
  api.GetPhysicalDeviceQueueFamilyProperties(device.handle, &familyCount,
                                             families);
  while (device.queueFamily < familyCount &&
         !(families[device.queueFamily].queueFlags & VK_QUEUE_COMPUTE_BIT))
    ++device.queueFamily;
  if (device.queueFamily == familyCount) {
    device.unfit = "it does not compute";
    return;
  }
  device.timestampBits = families[device.queueFamily].timestampValidBits;

  constexpr uint32_t kMaxExtensions = 512;
  static_assert(sizeof(VkExtensionProperties) * kMaxExtensions < (160 << 10),
                "extensions fit the stack");
  VkExtensionProperties extensions[kMaxExtensions];
  uint32_t extensionCount = kMaxExtensions;
  bool mayHaveMatrices = false;
  api.EnumerateDeviceExtensionProperties(device.handle, nullptr,
                                         &extensionCount, extensions);
  for (uint32_t i = 0; i < extensionCount; ++i) {
    const char *name = extensions[i].extensionName;
    device.has8BitStorage |=
        strcmp(name, VK_KHR_8BIT_STORAGE_EXTENSION_NAME) == 0;
    device.hasFloat16Int8 |=
        strcmp(name, VK_KHR_SHADER_FLOAT16_INT8_EXTENSION_NAME) == 0;
    mayHaveMatrices |=
        device.properties.apiVersion >= VK_API_VERSION_1_3 &&
        strcmp(name, kMatrixExtension) == 0;
  }

  VkPhysicalDeviceShaderFloat16Int8Features narrow = {};
  narrow.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES;
  VkPhysicalDevice8BitStorageFeatures storage8 = {};
  storage8.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES;
  storage8.pNext = device.hasFloat16Int8 ? &narrow : nullptr;
  VkPhysicalDevice16BitStorageFeatures storage16 = {};
  storage16.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES;
  storage16.pNext =
      device.has8BitStorage ? static_cast<void *>(&storage8) : storage8.pNext;
  VkPhysicalDeviceFeatures2 core = {};
  core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  core.pNext = &storage16;
  api.GetPhysicalDeviceFeatures2(device.handle, &core);
  const bool has[kFeatureCount] = {core.features.shaderFloat64 != 0,
                                   core.features.shaderInt64 != 0,
                                   core.features.shaderInt16 != 0,
                                   storage16.storageBuffer16BitAccess != 0,
                                   storage8.storageBuffer8BitAccess != 0,
                                   narrow.shaderFloat16 != 0,
                                   narrow.shaderInt8 != 0,
                                   mayHaveMatrices &&
                                       hasMatrices(global, handle, api,
                                                   device.handle)};
  for (uint32_t i = 0; i < kFeatureCount; ++i)
    device.features |= uint32_t(has[i]) << i;
}

Status Instance::choose(const char *which, uint32_t *index) const {
  int best = -1;
  const char *unfit = nullptr;
  for (uint32_t i = 0; i < deviceCount; ++i) {
    const VkPhysicalDeviceProperties &properties = devices[i].properties;
    bool named =
        !which || (isNumber(which)
                       ? strtoul(which, nullptr, 10) == i
                       : strcmp(which, typeName(properties.deviceType)) == 0 ||
                             contains(properties.deviceName, which));
    if (!named)
      continue;
    if (devices[i].unfit) {
      unfit = devices[i].unfit;
      continue;
    }
    int rank = typeRank(properties.deviceType);
    if (rank > best) {
      best = rank;
      *index = i;
    }
  }
  if (best >= 0)
    return Status();
  if (unfit)
    return Status::error(StatusCode::unsupported, "device vulkan%s%.32s: %s",
                         which ? ":" : "", which ? which : "", unfit);
  return Status::error(
      StatusCode::unsupported,
      "device is vulkan:%.32s, expected vulkan:0..%u, a type or a part of a "
      "name such as \"%.48s\"",
      which ? which : "", deviceCount - 1, devices[0].properties.deviceName);
}

} // namespace visir::runtime::vulkan
