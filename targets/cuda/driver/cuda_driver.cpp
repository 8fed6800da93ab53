// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The CUDA driver: a program is one module, an entry is one graph.
#include "runtime/device/queue_driver.h"
#include "targets/cuda/abi/kernel_abi.h"
#include "targets/cuda/driver/cuda_session.h"

#include <stdio.h>

namespace visir::runtime {
namespace {

using namespace cuda;

// Kernels of the CPU's code generator are the better tested ones: without
// being asked for, a GPU runs only what the CPU cannot. Machine code goes
// before text, a newer architecture before an older one.
constexpr uint32_t kCodeRating = 500, kTextRating = 200;

uint32_t rate(const schema::Target &target, const char *which,
              Refusal *refusal) {
  if (target.abi_version() != VISIR_CUDA_ABI_VERSION) {
    snprintf(refusal->text, sizeof(refusal->text),
             "kernel ABI version is %u, expected %u", target.abi_version(),
             VISIR_CUDA_ABI_VERSION);
    return 0;
  }
  int architecture = targetArchitecture(target.name()->c_str());
  if (architecture == 0) {
    snprintf(refusal->text, sizeof(refusal->text),
             "name of the target is unknown, expected cuda:sm_ and a number");
    return 0;
  }
  DeviceList devices;
  DeviceProperties device;
  int index = 0;
  Status status = devices.open();
  if (status.ok())
    status = devices.choose(which, architecture, &index, &device);
  if (!status.ok()) {
    snprintf(refusal->text, sizeof(refusal->text), "%s", status.text());
    return 0;
  }
  bool runs = runsMachineCode(architecture, device.architecture);
  return (runs ? kCodeRating : kTextRating) +
         static_cast<uint32_t>(architecture);
}

void describeMissing(DeviceInfo *device, const Status &status) {
  device->present = false;
  snprintf(device->name, sizeof(device->name), "cuda");
  snprintf(device->description, sizeof(device->description), "none: %s",
           status.text());
}

uint32_t list(DeviceInfo *devices, uint32_t capacity) {
  DeviceList found;
  Status status = found.open();
  if (!status.ok()) {
    if (capacity != 0)
      describeMissing(devices, status);
    return 1;
  }
  uint32_t count = static_cast<uint32_t>(found.count());
  for (uint32_t i = 0; i < count && i < capacity; ++i) {
    DeviceProperties device;
    int version = 0;
    status = found.inspect(static_cast<int>(i), &device);
    if (status.ok())
      status = toStatus(found.api, found.api.DriverGetVersion(&version),
                        "cuDriverGetVersion");
    if (!status.ok()) {
      describeMissing(&devices[i], status);
      continue;
    }
    devices[i].present = true;
    snprintf(devices[i].name, sizeof(devices[i].name), "cuda:%u", i);
    snprintf(devices[i].description, sizeof(devices[i].description),
             "%.80s, sm_%d, CUDA %d.%d", device.name, device.architecture,
             version / 1000, version % 1000 / 10);
  }
  return count;
}

using Functions = QueueDriver<Code, Session>;

constexpr DeviceSessions kSessions = {
    Functions::upload,   Functions::open,        Functions::close,
    Functions::describe, Functions::memoryBytes, Functions::tensor,
    Functions::state,    Functions::run,         Functions::enqueue,
    Functions::wait};

} // namespace

extern const Driver cudaDriver;
const Driver cudaDriver = {"cuda",
                           schema::DeviceKind::cuda,
                           rate,
                           list,
                           Functions::load,
                           Functions::unload,
                           &kSessions,
                           nullptr,
                           nullptr,
                           nullptr,
                           nullptr};

} // namespace visir::runtime
