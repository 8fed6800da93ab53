// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the device's compiler has made of kernels, and which artifacts' self
// tests the device has passed, kept in a file from one process to the next.
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
  // Whether the device has passed the self test of the artifact with this
  // digest, and that it has now.
  bool hasPassed(const uint8_t *artifactDigest) const;
  void notePassed(const uint8_t *artifactDigest);
  // Writes the file if there is more than was read. Without a place to write
  // to, the next process compiles and tests again, no more.
  void keep();

private:
  // The artifacts that are remembered; the oldest are forgotten first.
  static constexpr uint32_t kMaxPassed = 64;

  void read(Array<uint8_t> *data);
  uint64_t passedBytes() const { return uint64_t(passedCount) * 32; }

  const Device *device = nullptr;
  Allocator allocator = {};
  VkPipelineCache handle = VK_NULL_HANDLE;
  uint8_t digest[32] = {}; // of what was read
  uint32_t passedCount = 0;
  uint8_t passed[kMaxPassed][32] = {}; // digests
  char path[1024] = {};    // empty: no file
};

} // namespace visir::runtime::vulkan

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_CACHE_H
