// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/driver/vulkan_matrices.h"

#include <string.h>

namespace visir::runtime::vulkan {

MatrixDeviceFeatures::MatrixDeviceFeatures() {
  memoryModel.sType =
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES;
  memoryModel.pNext = &subgroups;
  memoryModel.vulkanMemoryModel = VK_TRUE;
  subgroups.sType =
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES;
  subgroups.pNext = &matrices;
  subgroups.subgroupSizeControl = VK_TRUE;
  subgroups.computeFullSubgroups = VK_TRUE;
  matrices.cooperativeMatrix = VK_TRUE;
}

static bool hasSize(const GlobalApi &global, VkInstance instance,
                    VkPhysicalDevice device) {
  auto query = reinterpret_cast<MatrixQuery>(global.GetInstanceProcAddr(
      instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"));
  constexpr uint32_t kMost = 64;
  MatrixProperties list[kMost];
  uint32_t count = kMost;
  if (!query || query(device, &count, list) < VK_SUCCESS)
    return false;
  constexpr uint32_t kHalf = 0, kSingle = 1, kSubgroup = 3, kSize = 16;
  for (uint32_t i = 0; i < count && i < kMost; ++i) {
    const MatrixProperties &one = list[i];
    if (one.rows == kSize && one.columns == kSize && one.depth == kSize &&
        one.left == kHalf && one.right == kHalf && one.sum == kSingle &&
        one.result == kSingle && !one.saturates && one.scope == kSubgroup)
      return true;
  }
  return false;
}

bool hasMatrices(const GlobalApi &global, VkInstance instance,
                 const InstanceApi &api, VkPhysicalDevice device) {
  MatrixDeviceFeatures chain;
  chain.memoryModel.vulkanMemoryModel = VK_FALSE;
  chain.subgroups.subgroupSizeControl = VK_FALSE;
  chain.subgroups.computeFullSubgroups = VK_FALSE;
  chain.matrices.cooperativeMatrix = VK_FALSE;
  VkPhysicalDeviceFeatures2 features = {};
  features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  features.pNext = chain.first();
  api.GetPhysicalDeviceFeatures2(device, &features);
  VkPhysicalDeviceSubgroupSizeControlProperties sizes = {};
  sizes.sType =
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES;
  VkPhysicalDeviceProperties2 properties = {};
  properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  properties.pNext = &sizes;
  api.GetPhysicalDeviceProperties2(device, &properties);
  return chain.memoryModel.vulkanMemoryModel &&
         chain.subgroups.subgroupSizeControl &&
         chain.subgroups.computeFullSubgroups &&
         chain.matrices.cooperativeMatrix &&
         sizes.minSubgroupSize <= kMatrixSubgroup &&
         sizes.maxSubgroupSize >= kMatrixSubgroup &&
         (sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) &&
         hasSize(global, instance, device);
}

bool usesMatrices(const uint8_t *code, uint64_t bytes) {
  constexpr uint32_t kHeaderWords = 5, kCapability = 17, kMatrices = 6022;
  // Capabilities stand in front of all else.
  for (uint64_t at = kHeaderWords * 4; at + 8 <= bytes; at += 8) {
    uint32_t words[2];
    memcpy(words, code + at, sizeof(words));
    if (words[0] != (2u << 16 | kCapability))
      return false;
    if (words[1] == kMatrices)
      return true;
  }
  return false;
}

} // namespace visir::runtime::vulkan
