// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels and constants on a device: its pipelines and constants.
#ifndef VISIR_TARGETS_VULKAN_DRIVER_VULKAN_CODE_H
#define VISIR_TARGETS_VULKAN_DRIVER_VULKAN_CODE_H

#include "runtime/artifact/manifest_access.h"
#include "runtime/base/checked.h"
#include "runtime/device/driver.h"
#include "targets/vulkan/driver/vulkan_cache.h"
#include "targets/vulkan/driver/vulkan_device.h"

namespace visir::runtime::vulkan {

// A function as the device runs it.
struct Kernel {
  VkPipelineLayout layout = VK_NULL_HANDLE;
  VkPipeline pipeline = VK_NULL_HANDLE;
  // The word for errors included.
  uint32_t descriptors = 0;
  uint32_t threads = 0; // of a workgroup along x
  uint64_t groups = 0;
  uint32_t groupsX = 0, groupsY = 0;
};

struct Code {
  ~Code();

  Status load(const Artifact &artifact, const char *which);
  Status upload(const SectionBytes *sections);

  const char *description() const {
    return device.physical().properties.deviceName;
  }
  // A descriptor set layout of that many storage buffers.
  VkDescriptorSetLayout setLayout(uint32_t descriptors) const {
    return setLayouts[descriptors];
  }
  Allocator allocator;
  const schema::Program *program = nullptr;
  Device device;
  PipelineCache pipelines;
  Array<Kernel> kernels; // by function
  Buffer constants;
  // Of each constant in the buffer; the last: 256 words, word v being four
  // bytes of value v, from which ends of fills are copied.
  Array<uint64_t> constantOffsets;

private:
  Status makeSetLayout(uint32_t descriptors);
  Status makeKernel(const schema::Function &function, const uint8_t *code,
                    Kernel *kernel);
  Status checkLimits(const schema::Function &function,
                     const Kernel &kernel) const;
  // Chooses the size and number of a kernel's workgroups.
  void choosePartition(const schema::Function &function, Kernel *kernel) const;

  VkDescriptorSetLayout setLayouts[kMaxBindings + 2] = {};
  SectionBytes section;
};

} // namespace visir::runtime::vulkan

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_CODE_H
