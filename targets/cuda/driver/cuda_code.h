// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program on a device: its module and its constants.
#ifndef VISIR_TARGETS_CUDA_DRIVER_CUDA_CODE_H
#define VISIR_TARGETS_CUDA_DRIVER_CUDA_CODE_H

#include "runtime/artifact/manifest_access.h"
#include "runtime/base/checked.h"
#include "runtime/device/driver.h"
#include "targets/cuda/driver/cuda_device.h"

namespace visir::runtime::cuda {

struct Code {
  ~Code();

  Status load(const Artifact &artifact, const char *which);
  // One allocation holds all constants; they are shared by all sessions.
  Status upload(const SectionBytes *sections);
  // The device, and whether its driver compiled text.
  const char *description() const { return text; }

  Allocator allocator;
  const schema::Program *program = nullptr;
  Device device;
  Array<Function> functions;
  Array<uint64_t> constantOffsets;
  DeviceMemory constants;

private:
  Status loadModule(int architecture);
  Status findFunction(const schema::Function &function, Function *out) const;

  Module module = nullptr;
  SectionBytes section;
  char text[192] = "";
};

} // namespace visir::runtime::cuda

#endif // VISIR_TARGETS_CUDA_DRIVER_CUDA_CODE_H
