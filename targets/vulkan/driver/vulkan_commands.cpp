// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/driver/vulkan_commands.h"

namespace visir::runtime::vulkan {

CommandPool::~CommandPool() {
  if (!device)
    return;
  device->api.DestroyFence(device->handle, fence, nullptr);
  device->api.DestroyCommandPool(device->handle, handle, nullptr);
}

Status CommandPool::open(Device &owner) {
  device = &owner;
  VkCommandPoolCreateInfo pool = {};
  pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  pool.queueFamilyIndex = device->physical().queueFamily;
  VISIR_VK_TRY(device->api, CreateCommandPool, device->handle, &pool, nullptr,
               &handle);
  VkFenceCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
  VISIR_VK_TRY(device->api, CreateFence, device->handle, &info, nullptr,
               &fence);
  return Status();
}

Status CommandPool::allocate(VkCommandBuffer *commands) {
  VkCommandBufferAllocateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
  info.commandPool = handle;
  info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  info.commandBufferCount = 1;
  VISIR_VK_TRY(device->api, AllocateCommandBuffers, device->handle, &info,
               commands);
  return Status();
}

Status CommandPool::begin(VkCommandBuffer commands) {
  VkCommandBufferBeginInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  VISIR_VK_TRY(device->api, BeginCommandBuffer, commands, &info);
  return Status();
}

Status CommandPool::end(VkCommandBuffer commands) {
  VISIR_VK_TRY(device->api, EndCommandBuffer, commands);
  return Status();
}

Status CommandPool::run(VkCommandBuffer commands) {
  return device->submit(commands, fence);
}

} // namespace visir::runtime::vulkan
