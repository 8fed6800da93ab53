// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A device in use and its memory.
#include "targets/vulkan/driver/vulkan_matrices.h"

namespace visir::runtime::vulkan {
namespace {

constexpr VkMemoryPropertyFlags kHost =
    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kLocal = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;

} // namespace

Device::~Device() {
  if (handle && api.DestroyDevice)
    api.DestroyDevice(handle, nullptr);
}

Status Device::open(const char *which, uint32_t features) {
  VISIR_RETURN_IF_ERROR(instance.open());
  uint32_t index = 0;
  VISIR_RETURN_IF_ERROR(instance.choose(which, &index));
  chosen = &instance.device(index);
  uint32_t lacking = features & ~chosen->features;
  if (lacking)
    return Status::error(StatusCode::unsupported,
                         "device \"%.64s\" has no %s, expected it",
                         chosen->properties.deviceName, featureName(lacking));
  VISIR_RETURN_IF_ERROR(create(features));
  instance.functions().GetPhysicalDeviceMemoryProperties(chosen->handle,
                                                         &memory);
  VkPhysicalDeviceType type = chosen->properties.deviceType;
  unified = (type == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU ||
             type == VK_PHYSICAL_DEVICE_TYPE_CPU) &&
            findMemoryType(UINT32_MAX, kLocal | kHost) >= 0;
  offsetAlignment = limits().minStorageBufferOffsetAlignment;
  // What the host is promised of its tensors.
  if (offsetAlignment < 64)
    offsetAlignment = 64;
  return Status();
}

Status Device::create(uint32_t features) {
  // Bits in the order of VISIR_VULKAN_FEATURES.
  auto has = [&](uint32_t bit) -> VkBool32 { return features >> bit & 1; };
  const char *extensions[3];
  uint32_t extensionCount = 0;
  VkPhysicalDeviceShaderFloat16Int8Features narrow = {};
  narrow.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES;
  narrow.shaderFloat16 = has(5);
  narrow.shaderInt8 = has(6);
  VkPhysicalDevice8BitStorageFeatures storage8 = {};
  storage8.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES;
  storage8.storageBuffer8BitAccess = has(4);
  VkPhysicalDevice16BitStorageFeatures storage16 = {};
  storage16.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES;
  storage16.storageBuffer16BitAccess = has(3);
  VkPhysicalDeviceFeatures2 core = {};
  core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  core.features.shaderFloat64 = has(0);
  core.features.shaderInt64 = has(1);
  core.features.shaderInt16 = has(2);
  core.pNext = &storage16;
  if (storage8.storageBuffer8BitAccess) {
    storage8.pNext = storage16.pNext;
    storage16.pNext = &storage8;
    extensions[extensionCount++] = VK_KHR_8BIT_STORAGE_EXTENSION_NAME;
  }
  if (narrow.shaderFloat16 || narrow.shaderInt8) {
    narrow.pNext = storage16.pNext;
    storage16.pNext = &narrow;
    extensions[extensionCount++] = VK_KHR_SHADER_FLOAT16_INT8_EXTENSION_NAME;
  }
  MatrixDeviceFeatures matrices;
  if (has(7)) {
    matrices.matrices.pNext = storage16.pNext;
    storage16.pNext = matrices.first();
    extensions[extensionCount++] = kMatrixExtension;
  }
  float priority = 1;
  VkDeviceQueueCreateInfo queueInfo = {};
  queueInfo.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
  queueInfo.queueFamilyIndex = chosen->queueFamily;
  queueInfo.queueCount = 1;
  queueInfo.pQueuePriorities = &priority;
  VkDeviceCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  info.pNext = &core;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queueInfo;
  info.enabledExtensionCount = extensionCount;
  info.ppEnabledExtensionNames = extensions;
  VISIR_VK_TRY(instance.functions(), CreateDevice, chosen->handle, &info,
               nullptr, &handle);
  VISIR_RETURN_IF_ERROR(
      findDeviceFunctions(instance.functions(), handle, &api));
  api.GetDeviceQueue(handle, chosen->queueFamily, 0, &queue);
  return Status();
}

int32_t Device::findMemoryType(uint32_t allowed,
                               VkMemoryPropertyFlags wanted) const {
  for (uint32_t i = 0; i < memory.memoryTypeCount; ++i)
    if (allowed >> i & 1 &&
        (memory.memoryTypes[i].propertyFlags & wanted) == wanted)
      return static_cast<int32_t>(i);
  return -1;
}

Status Device::submit(VkCommandBuffer commands, VkFence fence) {
  VkSubmitInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  info.commandBufferCount = 1;
  info.pCommandBuffers = &commands;
  pthread_mutex_lock(&queueTurn);
  VkResult submitted = api.QueueSubmit(queue, 1, &info, fence);
  pthread_mutex_unlock(&queueTurn);
  VISIR_RETURN_IF_ERROR(toStatus(submitted, "vkQueueSubmit"));
  VISIR_VK_TRY(api, WaitForFences, handle, 1, &fence, VK_TRUE, UINT64_MAX);
  VISIR_VK_TRY(api, ResetFences, handle, 1, &fence);
  return Status();
}

Buffer::~Buffer() {
  if (!owner)
    return;
  owner->api.DestroyBuffer(owner->handle, handle, nullptr);
  owner->api.FreeMemory(owner->handle, memory, nullptr); // unmaps, too
}

Status Buffer::allocate(Device &device, uint64_t wanted, bool forHost) {
  owner = &device;
  bytes = wanted ? (wanted + 3) & ~uint64_t(3) : 4;
  VkBufferCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
  info.size = bytes;
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
               VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
               VK_BUFFER_USAGE_TRANSFER_DST_BIT;
  info.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
  VISIR_VK_TRY(device.api, CreateBuffer, device.handle, &info, nullptr,
               &handle);
  VkMemoryRequirements needs = {};
  device.api.GetBufferMemoryRequirements(device.handle, handle, &needs);
  // Memory of a device of its own that the host reaches may be scarce, and the
  // host reads from its own memory much faster.
  VkMemoryPropertyFlags best = !forHost ? kLocal
                               : device.isUnified()
                                   ? kLocal | kHost
                                   : kHost | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
  int32_t type = device.findMemoryType(needs.memoryTypeBits, best);
  if (type < 0)
    type = device.findMemoryType(needs.memoryTypeBits, forHost ? kHost : 0);
  if (type < 0)
    return Status::error(StatusCode::unsupported,
                         "device has no memory that the host can reach, "
                         "expected some");
  VkMemoryAllocateInfo allocation = {};
  allocation.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
  allocation.allocationSize = needs.size;
  allocation.memoryTypeIndex = static_cast<uint32_t>(type);
  VkResult result =
      device.api.AllocateMemory(device.handle, &allocation, nullptr, &memory);
  VISIR_RETURN_IF_ERROR_AT(toStatus(result, "vkAllocateMemory"),
                           "%llu bytes on the device",
                           static_cast<unsigned long long>(needs.size));
  VISIR_VK_TRY(device.api, BindBufferMemory, device.handle, handle, memory, 0);
  if (!forHost)
    return Status();
  void *data = nullptr;
  VISIR_VK_TRY(device.api, MapMemory, device.handle, memory, 0, VK_WHOLE_SIZE,
               0, &data);
  mapped = static_cast<uint8_t *>(data);
  return Status();
}

} // namespace visir::runtime::vulkan
