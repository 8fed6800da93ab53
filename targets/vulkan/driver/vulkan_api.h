// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of Vulkan that the driver calls, found when first needed: the
// library is never linked.
#ifndef VISIR_TARGETS_VULKAN_DRIVER_VULKAN_API_H
#define VISIR_TARGETS_VULKAN_DRIVER_VULKAN_API_H

#include "runtime/base/status.h"

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

namespace visir::runtime::vulkan {

#define VISIR_VK_GLOBAL_FUNCTIONS(X)                                           \
  X(CreateInstance)                                                            \
  X(EnumerateInstanceVersion)

#define VISIR_VK_INSTANCE_FUNCTIONS(X)                                         \
  X(DestroyInstance)                                                           \
  X(EnumeratePhysicalDevices)                                                  \
  X(EnumerateDeviceExtensionProperties)                                        \
  X(GetPhysicalDeviceProperties)                                               \
  X(GetPhysicalDeviceProperties2)                                              \
  X(GetPhysicalDeviceFeatures2)                                                \
  X(GetPhysicalDeviceMemoryProperties)                                         \
  X(GetPhysicalDeviceQueueFamilyProperties)                                    \
  X(CreateDevice)                                                              \
  X(GetDeviceProcAddr)

#define VISIR_VK_DEVICE_FUNCTIONS(X)                                           \
  X(AllocateCommandBuffers)                                                    \
  X(AllocateDescriptorSets)                                                    \
  X(AllocateMemory)                                                            \
  X(BeginCommandBuffer)                                                        \
  X(BindBufferMemory)                                                          \
  X(CmdBindDescriptorSets)                                                     \
  X(CmdBindPipeline)                                                           \
  X(CmdCopyBuffer)                                                             \
  X(CmdDispatch)                                                               \
  X(CmdFillBuffer)                                                             \
  X(CmdPipelineBarrier)                                                        \
  X(CmdPushConstants)                                                          \
  X(CmdResetQueryPool)                                                         \
  X(CmdWriteTimestamp)                                                         \
  X(CreateBuffer)                                                              \
  X(CreateCommandPool)                                                         \
  X(CreateComputePipelines)                                                    \
  X(CreateDescriptorPool)                                                      \
  X(CreateDescriptorSetLayout)                                                 \
  X(CreateFence)                                                               \
  X(CreatePipelineCache)                                                       \
  X(CreatePipelineLayout)                                                      \
  X(CreateQueryPool)                                                           \
  X(CreateShaderModule)                                                        \
  X(DestroyBuffer)                                                             \
  X(DestroyCommandPool)                                                        \
  X(DestroyDescriptorPool)                                                     \
  X(DestroyDescriptorSetLayout)                                                \
  X(DestroyDevice)                                                             \
  X(DestroyFence)                                                              \
  X(DestroyPipeline)                                                           \
  X(DestroyPipelineCache)                                                      \
  X(DestroyPipelineLayout)                                                     \
  X(DestroyQueryPool)                                                          \
  X(DestroyShaderModule)                                                       \
  X(EndCommandBuffer)                                                          \
  X(FreeMemory)                                                                \
  X(GetBufferMemoryRequirements)                                               \
  X(GetDeviceQueue)                                                            \
  X(GetPipelineCacheData)                                                      \
  X(GetQueryPoolResults)                                                       \
  X(MapMemory)                                                                 \
  X(QueueSubmit)                                                               \
  X(ResetFences)                                                               \
  X(UpdateDescriptorSets)                                                      \
  X(WaitForFences)

#define VISIR_VK_MEMBER(name) PFN_vk##name name = nullptr;

struct GlobalApi {
  PFN_vkGetInstanceProcAddr GetInstanceProcAddr = nullptr;
  VISIR_VK_GLOBAL_FUNCTIONS(VISIR_VK_MEMBER)
};

struct InstanceApi {
  VISIR_VK_INSTANCE_FUNCTIONS(VISIR_VK_MEMBER)
};

struct DeviceApi {
  VISIR_VK_DEVICE_FUNCTIONS(VISIR_VK_MEMBER)
};

// Opens the library (the environment variable VISIR_VULKAN_LIBRARY names
// another one than the system's) and never closes it: drivers do not survive
// that.
Status openVulkan(GlobalApi *api);

// Finds an instance's and a device's functions; a missing one is an error.
Status findInstanceFunctions(const GlobalApi &global, VkInstance instance,
                             InstanceApi *api);
Status findDeviceFunctions(const InstanceApi &instance, VkDevice device,
                           DeviceApi *api);

// The status of a call: ok for success; `what` names the call.
Status toStatus(VkResult result, const char *what);

} // namespace visir::runtime::vulkan

// Calls a function of a table of functions and returns its failure.
#define VISIR_VK_TRY(table, name, ...)                                         \
  VISIR_RETURN_IF_ERROR(::visir::runtime::vulkan::toStatus(                    \
      (table).name(__VA_ARGS__), "vk" #name))

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_API_H
