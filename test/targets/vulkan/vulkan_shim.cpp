// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A Vulkan library that passes calls on to the system's and, as the
// environment variable VISIR_VULKAN_SHIM says ("name=value,..."), lies about
// devices or lets calls fail.
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

// Whether a mode is set, and its number (1 without one).
bool mode(const char *name, long *number = nullptr) {
  const char *text = getenv("VISIR_VULKAN_SHIM");
  std::string modes = "," + std::string(text ? text : "") + ",";
  size_t at = modes.find("," + std::string(name));
  if (at == std::string::npos)
    return false;
  size_t end = at + 1 + strlen(name);
  if (modes[end] != '=' && modes[end] != ',')
    return false;
  if (number)
    *number = modes[end] == '=' ? atol(modes.c_str() + end + 1) : 1;
  return true;
}

VkInstance lastInstance;
VkDevice lastDevice;

PFN_vkGetInstanceProcAddr realLookup() {
  static void *library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
  return library ? reinterpret_cast<PFN_vkGetInstanceProcAddr>(
                       dlsym(library, "vkGetInstanceProcAddr"))
                 : nullptr;
}

template <typename Function> Function real(const char *name) {
  return reinterpret_cast<Function>(realLookup()(lastInstance, name));
}

template <typename Function> Function realOfDevice(const char *name) {
  auto lookup = real<PFN_vkGetDeviceProcAddr>("vkGetDeviceProcAddr");
  return reinterpret_cast<Function>(lookup(lastDevice, name));
}

VkResult enumerateInstanceVersion(uint32_t *version) {
  *version = mode("loader-1.0") ? VK_API_VERSION_1_0 : VK_API_VERSION_1_3;
  return VK_SUCCESS;
}

VkResult createInstance(const VkInstanceCreateInfo *info,
                        const VkAllocationCallbacks *allocator,
                        VkInstance *out) {
  if (mode("no-driver"))
    return VK_ERROR_INCOMPATIBLE_DRIVER;
  auto create = reinterpret_cast<PFN_vkCreateInstance>(
      realLookup()(nullptr, "vkCreateInstance"));
  VkResult result = create(info, allocator, out);
  lastInstance = *out;
  return result;
}

VkResult enumeratePhysicalDevices(VkInstance instance, uint32_t *count,
                                  VkPhysicalDevice *devices) {
  if (mode("no-device")) {
    *count = 0;
    return VK_SUCCESS;
  }
  return real<PFN_vkEnumeratePhysicalDevices>("vkEnumeratePhysicalDevices")(
      instance, count, devices);
}

void getProperties(VkPhysicalDevice device, VkPhysicalDeviceProperties *out) {
  real<PFN_vkGetPhysicalDeviceProperties>("vkGetPhysicalDeviceProperties")(
      device, out);
  long number;
  if (mode("discrete"))
    out->deviceType = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
  if (mode("device-1.2"))
    out->apiVersion = VK_API_VERSION_1_2;
  if (mode("device-1.0"))
    out->apiVersion = VK_API_VERSION_1_0;
  if (mode("alignment", &number))
    out->limits.minStorageBufferOffsetAlignment = number;
  if (mode("range", &number))
    out->limits.maxStorageBufferRange = static_cast<uint32_t>(number);
  if (mode("push", &number))
    out->limits.maxPushConstantsSize = static_cast<uint32_t>(number);
  if (mode("buffers", &number))
    out->limits.maxPerStageDescriptorStorageBuffers =
        static_cast<uint32_t>(number);
  if (mode("groups", &number))
    out->limits.maxComputeWorkGroupCount[0] = static_cast<uint32_t>(number);
  if (mode("rows", &number))
    out->limits.maxComputeWorkGroupCount[1] = static_cast<uint32_t>(number);
  if (mode("threads", &number))
    out->limits.maxComputeWorkGroupInvocations = static_cast<uint32_t>(number);
}

// subgroup=N: the size of subgroups.
void getProperties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *out) {
  real<PFN_vkGetPhysicalDeviceProperties2>("vkGetPhysicalDeviceProperties2")(
      device, out);
  long number = 0;
  mode("subgroup", &number);
  for (auto *next = static_cast<VkBaseOutStructure *>(out->pNext); next;
       next = next->pNext) {
    auto *subgroup =
        reinterpret_cast<VkPhysicalDeviceSubgroupProperties *>(next);
    auto *sizes =
        reinterpret_cast<VkPhysicalDeviceSubgroupSizeControlProperties *>(next);
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES &&
        number)
      subgroup->subgroupSize = static_cast<uint32_t>(number);
    bool isRange =
        next->sType ==
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES;
    if (isRange && mode("matrices")) {
      sizes->minSubgroupSize = sizes->maxSubgroupSize =
          number ? static_cast<uint32_t>(number) : 32;
      sizes->requiredSubgroupSizeStages = VK_SHADER_STAGE_COMPUTE_BIT;
    }
  }
}

void getFamilies(VkPhysicalDevice device, uint32_t *count,
                 VkQueueFamilyProperties *out) {
  real<PFN_vkGetPhysicalDeviceQueueFamilyProperties>(
      "vkGetPhysicalDeviceQueueFamilyProperties")(device, count, out);
  for (uint32_t i = 0; i < *count; ++i) {
    if (mode("no-compute"))
      out[i].queueFlags &= ~VkQueueFlags(VK_QUEUE_COMPUTE_BIT);
    if (mode("no-times"))
      out[i].timestampValidBits = 0;
  }
}

// matrices: the device has cooperative matrices; matrices=N: of N x N by N.
const char *const kMatrices = "VK_KHR_cooperative_matrix";
constexpr int kMatrixFeatures = 1000506000;

bool isOfMatrices(int type) {
  return type == kMatrixFeatures ||
         type == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES ||
         type ==
             VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES;
}

void getFeatures(VkPhysicalDevice device, VkPhysicalDeviceFeatures2 *out) {
  real<PFN_vkGetPhysicalDeviceFeatures2>("vkGetPhysicalDeviceFeatures2")(device,
                                                                         out);
  if (mode("no-features"))
    out->features = {};
  // The switches of features follow their link.
  for (auto *next = static_cast<VkBaseOutStructure *>(out->pNext);
       next && mode("matrices"); next = next->pNext)
    if (isOfMatrices(next->sType)) {
      const VkBool32 on[2] = {VK_TRUE, VK_TRUE};
      memcpy(next + 1, on, sizeof(on));
    }
}

VkResult enumerateExtensions(VkPhysicalDevice device, const char *layer,
                             uint32_t *count, VkExtensionProperties *out) {
  uint32_t capacity = *count;
  VkResult result = real<PFN_vkEnumerateDeviceExtensionProperties>(
      "vkEnumerateDeviceExtensionProperties")(device, layer, count, out);
  if (out && *count < capacity && mode("matrices"))
    strcpy(out[(*count)++].extensionName, kMatrices);
  return result;
}

VkResult getMatrices(VkPhysicalDevice, uint32_t *count, void *out) {
  // As the driver declares them: rows, columns, depth, types, no saturation,
  // scope.
  struct {
    VkStructureType type;
    void *next;
    uint32_t numbers[9];
  } properties = {{}, nullptr, {16, 16, 16, 0, 0, 1, 1, 0, 3}};
  long size = 1;
  mode("matrices", &size);
  for (int i = 0; i < 3 && size > 1; ++i)
    properties.numbers[i] = static_cast<uint32_t>(size);
  memcpy(out, &properties, sizeof(properties));
  *count = 1;
  return VK_SUCCESS;
}

VkResult createDevice(VkPhysicalDevice device, const VkDeviceCreateInfo *info,
                      const VkAllocationCallbacks *allocator, VkDevice *out) {
  VkDeviceCreateInfo passed = *info;
  const char *names[8];
  if (mode("matrices")) {
    // What the device does not know; the chain's links are the caller's.
    passed.enabledExtensionCount = 0;
    for (uint32_t i = 0; i < info->enabledExtensionCount && i < 8; ++i)
      if (strcmp(info->ppEnabledExtensionNames[i], kMatrices) != 0)
        names[passed.enabledExtensionCount++] =
            info->ppEnabledExtensionNames[i];
    passed.ppEnabledExtensionNames = names;
    auto *link = static_cast<VkBaseOutStructure *>(
        const_cast<void *>(info->pNext));
    for (; link; link = link->pNext)
      while (link->pNext && isOfMatrices(link->pNext->sType))
        link->pNext = link->pNext->pNext;
  }
  VkResult result = real<PFN_vkCreateDevice>("vkCreateDevice")(
      device, &passed, allocator, out);
  lastDevice = *out;
  return result;
}

// memory=N: the N-th allocation since the variable was set to that fails.
VkResult allocateMemory(VkDevice device, const VkMemoryAllocateInfo *info,
                        const VkAllocationCallbacks *allocator,
                        VkDeviceMemory *out) {
  static long allocations = 0;
  long number = 0;
  if (!mode("memory", &number))
    allocations = 0;
  else if (++allocations == number)
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
  return realOfDevice<PFN_vkAllocateMemory>("vkAllocateMemory")(device, info,
                                                                allocator, out);
}

// cached=N: only a cache that begins with N bytes can be made.
VkResult createPipelineCache(VkDevice device,
                             const VkPipelineCacheCreateInfo *info,
                             const VkAllocationCallbacks *allocator,
                             VkPipelineCache *out) {
  long number;
  VkPipelineCacheCreateInfo passed = *info;
  if (mode("cached", &number)) {
    if (info->initialDataSize != static_cast<size_t>(number))
      return VK_ERROR_INITIALIZATION_FAILED;
    passed.initialDataSize = 0; // it is not what the device has made
  }
  return realOfDevice<PFN_vkCreatePipelineCache>("vkCreatePipelineCache")(
      device, &passed, allocator, out);
}

// compiled=N: the device has made N bytes.
VkResult getPipelineCacheData(VkDevice device, VkPipelineCache cache,
                              size_t *bytes, void *data) {
  long number;
  if (!mode("compiled", &number))
    return realOfDevice<PFN_vkGetPipelineCacheData>("vkGetPipelineCacheData")(
        device, cache, bytes, data);
  *bytes = static_cast<size_t>(number);
  if (data)
    memset(data, 'v', *bytes);
  return VK_SUCCESS;
}

VkResult queueSubmit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos,
                     VkFence fence) {
  if (mode("lost"))
    return VK_ERROR_DEVICE_LOST;
  return realOfDevice<PFN_vkQueueSubmit>("vkQueueSubmit")(queue, count, infos,
                                                          fence);
}

void cmdPipelineBarrier(VkCommandBuffer commands, VkPipelineStageFlags before,
                        VkPipelineStageFlags after, VkDependencyFlags flags,
                        uint32_t memoryCount, const VkMemoryBarrier *memory,
                        uint32_t bufferCount,
                        const VkBufferMemoryBarrier *buffers,
                        uint32_t imageCount,
                        const VkImageMemoryBarrier *images) {
  if (!mode("no-barriers"))
    realOfDevice<PFN_vkCmdPipelineBarrier>("vkCmdPipelineBarrier")(
        commands, before, after, flags, memoryCount, memory, bufferCount,
        buffers, imageCount, images);
}

// no-dispatch: nothing is computed.
void cmdDispatch(VkCommandBuffer commands, uint32_t x, uint32_t y, uint32_t z) {
  if (!mode("no-dispatch"))
    realOfDevice<PFN_vkCmdDispatch>("vkCmdDispatch")(commands, x, y, z);
}

PFN_vkVoidFunction getDeviceProcAddr(VkDevice device, const char *name);

#define VISIR_HOOK(name, function)                                             \
  { name, reinterpret_cast<PFN_vkVoidFunction>(function) }

struct Hook {
  const char *name;
  PFN_vkVoidFunction function;
};

const Hook kHooks[] = {
    VISIR_HOOK("vkEnumerateInstanceVersion", enumerateInstanceVersion),
    VISIR_HOOK("vkCreateInstance", createInstance),
    VISIR_HOOK("vkEnumeratePhysicalDevices", enumeratePhysicalDevices),
    VISIR_HOOK("vkGetPhysicalDeviceProperties", getProperties),
    VISIR_HOOK("vkGetPhysicalDeviceProperties2", getProperties2),
    VISIR_HOOK("vkGetPhysicalDeviceQueueFamilyProperties", getFamilies),
    VISIR_HOOK("vkGetPhysicalDeviceFeatures2", getFeatures),
    VISIR_HOOK("vkEnumerateDeviceExtensionProperties", enumerateExtensions),
    VISIR_HOOK("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR",
               getMatrices),
    VISIR_HOOK("vkCreateDevice", createDevice),
    VISIR_HOOK("vkGetDeviceProcAddr", getDeviceProcAddr),
    VISIR_HOOK("vkAllocateMemory", allocateMemory),
    VISIR_HOOK("vkCreatePipelineCache", createPipelineCache),
    VISIR_HOOK("vkGetPipelineCacheData", getPipelineCacheData),
    VISIR_HOOK("vkCmdDispatch", cmdDispatch),
    VISIR_HOOK("vkCmdPipelineBarrier", cmdPipelineBarrier),
    VISIR_HOOK("vkQueueSubmit", queueSubmit)};

bool find(const char *name, PFN_vkVoidFunction *out) {
  *out = nullptr;
  if (mode((std::string("missing-") + name).c_str()))
    return true;
  for (const Hook &hook : kHooks)
    if (strcmp(hook.name, name) == 0) {
      *out = hook.function;
      return true;
    }
  return false;
}

PFN_vkVoidFunction getDeviceProcAddr(VkDevice device, const char *name) {
  PFN_vkVoidFunction found;
  return find(name, &found) ? found
                            : real<PFN_vkGetDeviceProcAddr>(
                                  "vkGetDeviceProcAddr")(device, name);
}

} // namespace

extern "C" __attribute__((visibility("default"))) PFN_vkVoidFunction
vkGetInstanceProcAddr(VkInstance instance, const char *name) {
  PFN_vkVoidFunction found;
  if (find(name, &found))
    return found;
  return realLookup() ? realLookup()(instance, name) : nullptr;
}
