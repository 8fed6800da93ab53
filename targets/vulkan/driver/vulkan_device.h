// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vulkan's devices: which there are, and the one that a program runs on, with
// its memory.
#ifndef VISIR_TARGETS_VULKAN_DRIVER_VULKAN_DEVICE_H
#define VISIR_TARGETS_VULKAN_DRIVER_VULKAN_DEVICE_H

#include "targets/vulkan/driver/vulkan_api.h"

#include <pthread.h>

namespace visir::runtime::vulkan {

// Devices that are looked at; others are ignored.
constexpr uint32_t kMaxDevices = 16;

// A device that the machine has.
struct PhysicalDevice {
  VkPhysicalDevice handle = VK_NULL_HANDLE;
  uint32_t index = 0;
  VkPhysicalDeviceProperties properties = {};
  // Bits in the order of VISIR_VULKAN_FEATURES.
  uint32_t features = 0;
  bool has8BitStorage = false, hasFloat16Int8 = false; // the extensions
  uint32_t queueFamily = 0;
  uint32_t timestampBits = 0;
  uint32_t subgroupSize = 1;
  // Null, or why no program can run on it.
  const char *unfit = nullptr;
};

// "discrete", "integrated", "virtual", "cpu", "other"
const char *typeName(VkPhysicalDeviceType type);

// The features that a comma-separated list names, as bits; false and the
// first unknown one's place in *unknown otherwise.
bool parseFeatures(const char *list, uint32_t *features, const char **unknown);
// The name of the lowest set bit.
const char *featureName(uint32_t features);

class Instance {
public:
  Instance() = default;
  Instance(const Instance &) = delete;
  Instance &operator=(const Instance &) = delete;
  ~Instance();

  // Opens the library and lists the devices; none is an error.
  Status open();
  uint32_t count() const { return deviceCount; }
  const PhysicalDevice &device(uint32_t index) const { return devices[index]; }
  // The device that `which` names by number, type or a part of its name; null:
  // the fastest type that is fit.
  Status choose(const char *which, uint32_t *index) const;

  const InstanceApi &functions() const { return api; }

private:
  void inspect(PhysicalDevice &device) const;

  GlobalApi global;
  InstanceApi api;
  VkInstance handle = VK_NULL_HANDLE;
  uint32_t deviceCount = 0;
  PhysicalDevice devices[kMaxDevices];
};

// A device in use, with one queue.
class Device {
public:
  Device() = default;
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;
  ~Device();

  // Opens the device that `which` names with the features.
  Status open(const char *which, uint32_t features);

  const PhysicalDevice &physical() const { return *chosen; }
  const VkPhysicalDeviceLimits &limits() const {
    return chosen->properties.limits;
  }
  // Whether the host reaches all of the device's memory, so that nothing need
  // be copied.
  bool isUnified() const { return unified; }
  // What offsets of storage buffers are a multiple of.
  uint64_t alignment() const { return offsetAlignment; }
  // A memory type among `allowed` (bits) with all of `wanted`; -1: none.
  int32_t findMemoryType(uint32_t allowed, VkMemoryPropertyFlags wanted) const;

  // Submits a command buffer and waits until it is done. The fence is
  // unsignalled before and after.
  Status submit(VkCommandBuffer commands, VkFence fence);

  DeviceApi api;
  VkDevice handle = VK_NULL_HANDLE;

private:
  Status create(uint32_t features);

  Instance instance;
  const PhysicalDevice *chosen = nullptr;
  VkQueue queue = VK_NULL_HANDLE;
  pthread_mutex_t queueTurn = PTHREAD_MUTEX_INITIALIZER;
  VkPhysicalDeviceMemoryProperties memory = {};
  uint64_t offsetAlignment = 1;
  bool unified = false;
};

// Storage that kernels and copies use.
class Buffer {
public:
  Buffer() = default;
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  ~Buffer();

  // At least one byte. forHost: the host reaches it, at data().
  Status allocate(Device &device, uint64_t bytes, bool forHost);
  VkBuffer get() const { return handle; }
  uint8_t *data() const { return mapped; }
  uint64_t size() const { return bytes; }

private:
  Device *owner = nullptr;
  VkBuffer handle = VK_NULL_HANDLE;
  VkDeviceMemory memory = VK_NULL_HANDLE;
  uint8_t *mapped = nullptr;
  uint64_t bytes = 0;
};

} // namespace visir::runtime::vulkan

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_DEVICE_H
