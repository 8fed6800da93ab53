// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// CUDA's devices: which there are, and the one that a program runs on.
#ifndef VISIR_TARGETS_CUDA_DRIVER_CUDA_DEVICE_H
#define VISIR_TARGETS_CUDA_DRIVER_CUDA_DEVICE_H

#include "targets/cuda/driver/cuda_api.h"

namespace visir::runtime::cuda {

struct DeviceProperties {
  DeviceNumber number = 0;
  char name[96] = "";
  // 10 * major + minor of the compute capability: 90 for sm_90.
  int architecture = 0;
};

// The number of the architecture in a target's name, "cuda:sm_90"; 0 for
// another name.
int targetArchitecture(const char *target);

// Whether machine code for an architecture runs on a device's. Text (PTX) runs
// on all that are not older.
inline bool runsMachineCode(int code, int device) {
  return code / 10 == device / 10 && code <= device;
}

// The machine's devices.
class DeviceList {
public:
  // Fails where there is no driver or no device.
  Status open();
  int count() const { return deviceCount; }
  Status inspect(int index, DeviceProperties *out) const;
  // The first device that `which` names (a number or a part of the device's
  // name; null: any) and that runs programs for `architecture`.
  Status choose(const char *which, int architecture, int *index,
                DeviceProperties *out) const;

  Api api;

private:
  int deviceCount = 0;
};

// A device with its primary context, which other users of the process share.
class Device {
public:
  Device() = default;
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;
  ~Device();

  Status open(const char *which, int architecture);
  // "cuda:0 NVIDIA H100 (sm_90)"
  const char *description() const { return text; }

  Api api;
  DeviceProperties properties;
  int index = 0;
  Context context = nullptr;

private:
  char text[160] = "";
};

// Makes the device's context the thread's current one while it lives.
class Current {
public:
  explicit Current(const Device &device) : device(device) {
    pushed = toStatus(device.api, device.api.CtxPushCurrent(device.context),
                      "cuCtxPushCurrent");
  }
  ~Current() {
    Context former;
    if (pushed.ok())
      (void)device.api.CtxPopCurrent(&former);
  }
  Current(const Current &) = delete;
  Current &operator=(const Current &) = delete;
  const Status &status() const { return pushed; }

private:
  const Device &device;
  Status pushed;
};

// Memory of a device, and memory of the host that the device reaches. They
// are taken and given back while the device's context is current.
class DeviceMemory {
public:
  DeviceMemory() = default;
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;
  ~DeviceMemory() { release(); }

  // managed: the host reaches it at the same address while the device rests.
  Status allocate(const Api &from, uint64_t bytes, bool managed);
  void release();
  DevicePointer get() const { return address; }
  uint64_t size() const { return bytes; }

private:
  const Api *api = nullptr;
  DevicePointer address = 0;
  uint64_t bytes = 0;
};

class HostMemory {
public:
  HostMemory() = default;
  HostMemory(const HostMemory &) = delete;
  HostMemory &operator=(const HostMemory &) = delete;
  ~HostMemory() { release(); }

  Status allocate(const Api &from, uint64_t bytes);
  void release();
  uint8_t *data() { return memory; }
  const uint8_t *data() const { return memory; }
  DevicePointer onDevice() const { return address; }
  uint64_t size() const { return bytes; }

private:
  const Api *api = nullptr;
  uint8_t *memory = nullptr;
  DevicePointer address = 0;
  uint64_t bytes = 0;
};

} // namespace visir::runtime::cuda

#endif // VISIR_TARGETS_CUDA_DRIVER_CUDA_DEVICE_H
