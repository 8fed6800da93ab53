// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Cooperative matrices: what the headers of older Vulkan lack, and whether a
// device has those that the ABI's feature matrix16 names.
#ifndef VISIR_TARGETS_VULKAN_DRIVER_VULKAN_MATRICES_H
#define VISIR_TARGETS_VULKAN_DRIVER_VULKAN_MATRICES_H

#include "targets/vulkan/driver/vulkan_device.h"

namespace visir::runtime::vulkan {

constexpr const char *kMatrixExtension = "VK_KHR_cooperative_matrix";
// Invocations of a subgroup that multiplies matrices.
constexpr uint32_t kMatrixSubgroup = 32;

// VkPhysicalDeviceCooperativeMatrixFeaturesKHR
struct MatrixFeatures {
  VkStructureType sType = static_cast<VkStructureType>(1000506000);
  void *pNext = nullptr;
  VkBool32 cooperativeMatrix = 0;
  VkBool32 cooperativeMatrixRobustBufferAccess = 0;
};

// VkCooperativeMatrixPropertiesKHR, with numbers in place of its enumerations
struct MatrixProperties {
  VkStructureType sType = static_cast<VkStructureType>(1000506001);
  void *pNext = nullptr;
  uint32_t rows = 0, columns = 0, depth = 0;
  uint32_t left = 0, right = 0, sum = 0, result = 0; // 0: f16, 1: f32
  VkBool32 saturates = 0;
  uint32_t scope = 0; // 3: subgroup
};

// vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR
typedef VkResult(VKAPI_PTR *MatrixQuery)(VkPhysicalDevice device,
                                         uint32_t *count,
                                         MatrixProperties *properties);

// What a device with matrices is made with, beside its other features; a chain
// from `first` on.
struct MatrixDeviceFeatures {
  VkPhysicalDeviceVulkanMemoryModelFeatures memoryModel = {};
  VkPhysicalDeviceSubgroupSizeControlFeatures subgroups = {};
  MatrixFeatures matrices;

  MatrixDeviceFeatures();
  MatrixDeviceFeatures(const MatrixDeviceFeatures &) = delete;
  void *first() { return &memoryModel; }
};

// Whether a device of Vulkan 1.3 that lists the extension has the feature.
bool hasMatrices(const GlobalApi &global, VkInstance instance,
                 const InstanceApi &api, VkPhysicalDevice device);

// Whether a SPIR-V module multiplies cooperative matrices.
bool usesMatrices(const uint8_t *code, uint64_t bytes);

} // namespace visir::runtime::vulkan

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_MATRICES_H
