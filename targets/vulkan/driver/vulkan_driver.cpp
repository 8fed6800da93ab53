// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The Vulkan driver: kernels are SPIR-V modules, an entry is one command
// buffer.
#include "runtime/device/queue_driver.h"
#include "targets/vulkan/abi/kernel_abi.h"
#include "targets/vulkan/driver/vulkan_self_test.h"
#include "targets/vulkan/driver/vulkan_session.h"

#include <stdio.h>
#include <string.h>

namespace visir::runtime {
namespace {

using namespace vulkan;

// Kernels of the CPU's code generator are far ahead of those for GPUs: without
// being asked for, a GPU runs only what the CPU cannot.
constexpr uint32_t kGpuRating = 500, kCpuTypeRating = 100;

uint32_t refuse(Refusal *refusal, const Status &status) {
  snprintf(refusal->text, sizeof(refusal->text), "%s", status.text());
  return 0;
}

uint32_t rate(const schema::Target &target, const char *which,
              Refusal *refusal) {
  if (target.abi_version() != VISIR_VULKAN_ABI_VERSION) {
    snprintf(refusal->text, sizeof(refusal->text),
             "kernel ABI version is %u, expected %u", target.abi_version(),
             VISIR_VULKAN_ABI_VERSION);
    return 0;
  }
  uint32_t features = 0, index = 0;
  const char *unknown = nullptr;
  if (!parseFeatures(target.features() ? target.features()->c_str() : "",
                     &features, &unknown)) {
    snprintf(refusal->text, sizeof(refusal->text),
             "feature %.32s is unknown, expected an older program", unknown);
    return 0;
  }
  Instance instance;
  Status status = instance.open();
  if (status.ok())
    status = instance.choose(which, &index);
  if (!status.ok())
    return refuse(refusal, status);
  const PhysicalDevice &device = instance.device(index);
  uint32_t lacking = features & ~device.features;
  if (lacking) {
    snprintf(refusal->text, sizeof(refusal->text), "device \"%.64s\" has no %s",
             device.properties.deviceName, featureName(lacking));
    return 0;
  }
  // Of two programs the one that uses more of the device is better.
  return (device.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU
              ? kCpuTypeRating
              : kGpuRating) +
         static_cast<uint32_t>(__builtin_popcount(features));
}

uint32_t list(DeviceInfo *devices, uint32_t capacity) {
  Instance instance;
  Status status = instance.open();
  if (!status.ok()) {
    if (capacity == 0)
      return 1;
    devices[0].present = false;
    snprintf(devices[0].name, sizeof(devices[0].name), "vulkan");
    snprintf(devices[0].description, sizeof(devices[0].description), "none: %s",
             status.text());
    return 1;
  }
  for (uint32_t i = 0; i < instance.count() && i < capacity; ++i) {
    const PhysicalDevice &device = instance.device(i);
    uint32_t version = device.properties.apiVersion;
    devices[i].present = !device.unfit;
    snprintf(devices[i].name, sizeof(devices[i].name), "vulkan:%u", i);
    snprintf(devices[i].description, sizeof(devices[i].description),
             "%.80s, %s, Vulkan %u.%u%s%s", device.properties.deviceName,
             typeName(device.properties.deviceType),
             VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version),
             device.unfit ? ", unfit: " : "", device.unfit ? device.unfit : "");
  }
  return instance.count();
}

using Functions = QueueDriver<Code, Session>;

Status load(const Artifact &artifact, const schema::Program &program,
            const LoadOptions &options, const Allocator &allocator,
            DriverCode **out) {
  DriverCode *loaded = nullptr;
  VISIR_RETURN_IF_ERROR(
      Functions::load(artifact, program, options, allocator, &loaded));
  Code &code = *Functions::unwrap(loaded);
  Status status = proveDevice(code, artifact.digest(), options.selfTest);
  code.pipelines.keep();
  if (status.ok())
    *out = loaded;
  else
    Functions::unload(loaded);
  return status;
}

constexpr DeviceSessions kSessions = {Functions::upload,
                                      Functions::open,
                                      Functions::close,
                                      Functions::describe,
                                      Functions::memoryBytes,
                                      Functions::tensor,
                                      Functions::state,
                                      Functions::run,
                                      nullptr,
                                      nullptr};

} // namespace

extern const Driver vulkanDriver;
const Driver vulkanDriver = {"vulkan",
                             schema::DeviceKind::vulkan,
                             rate,
                             list,
                             load,
                             Functions::unload,
                             &kSessions,
                             nullptr,
                             nullptr,
                             nullptr,
                             nullptr};

} // namespace visir::runtime
