// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Command buffers and the fence that tells when they are done.
#ifndef VISIR_TARGETS_VULKAN_DRIVER_VULKAN_COMMANDS_H
#define VISIR_TARGETS_VULKAN_DRIVER_VULKAN_COMMANDS_H

#include "targets/vulkan/driver/vulkan_device.h"

namespace visir::runtime::vulkan {

// Used by one thread at a time.
class CommandPool {
public:
  CommandPool() = default;
  CommandPool(const CommandPool &) = delete;
  CommandPool &operator=(const CommandPool &) = delete;
  ~CommandPool();

  Status open(Device &device);
  Status allocate(VkCommandBuffer *commands);
  // Between them commands are recorded; what was recorded before is dropped.
  Status begin(VkCommandBuffer commands);
  Status end(VkCommandBuffer commands);
  // Runs what was recorded and waits for it.
  Status run(VkCommandBuffer commands);

private:
  Device *device = nullptr;
  VkCommandPool handle = VK_NULL_HANDLE;
  VkFence fence = VK_NULL_HANDLE;
};

// Records commands by record(commands), runs them and waits.
template <typename Record> Status runOnce(Device &device, Record record) {
  CommandPool pool;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  VISIR_RETURN_IF_ERROR(pool.open(device));
  VISIR_RETURN_IF_ERROR(pool.allocate(&commands));
  VISIR_RETURN_IF_ERROR(pool.begin(commands));
  record(commands);
  VISIR_RETURN_IF_ERROR(pool.end(commands));
  return pool.run(commands);
}

} // namespace visir::runtime::vulkan

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_COMMANDS_H
