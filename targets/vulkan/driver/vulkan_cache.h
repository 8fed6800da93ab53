// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the device's compiler has made of kernels, kept in a file from one
// process to the next.
//
// The file lies in the folder that the environment variable VISIR_VULKAN_CACHE
// names, else in visir under XDG_CACHE_HOME or ~/.cache; "none" and no such
// folder mean no file. Its name has the device's pipelineCacheUUID. A file that
// is damaged or of another driver is passed over and replaced.
#ifndef VISIR_TARGETS_VULKAN_DRIVER_VULKAN_CACHE_H
#define VISIR_TARGETS_VULKAN_DRIVER_VULKAN_CACHE_H

#include "runtime/base/allocator.h"
#include "targets/vulkan/driver/vulkan_device.h"

namespace visir::runtime::vulkan {

class PipelineCache {
public:
  PipelineCache() = default;
  PipelineCache(const PipelineCache &) = delete;
  PipelineCache &operator=(const PipelineCache &) = delete;
  ~PipelineCache();

  // The device must live longer.
  Status open(const Device &device, const Allocator &allocator);
  VkPipelineCache get() const { return handle; }
  // Writes the file if the device has made more than was read. Without a place
  // to write to, the next process compiles again, no more.
  void keep();

private:
  void read(Array<uint8_t> *data);

  const Device *device = nullptr;
  Allocator allocator = {};
  VkPipelineCache handle = VK_NULL_HANDLE;
  uint8_t digest[32] = {}; // of what was read
  char path[1024] = {};    // empty: no file
};

} // namespace visir::runtime::vulkan

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_CACHE_H
