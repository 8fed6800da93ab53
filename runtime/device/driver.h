// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the runtime asks of a device. One driver for each folder
// targets/*/driver; CMake lists them (visir_runtime_driver).
#ifndef VISIR_RUNTIME_DEVICE_DRIVER_H
#define VISIR_RUNTIME_DEVICE_DRIVER_H

#include "runtime/artifact/artifact.h"
#include "runtime/base/log.h"

namespace visir::runtime {

// Code that a driver has loaded; its own kind of object.
struct DriverCode;

// One call of a kernel on a host thread.
struct KernelCall {
  const void *function; // from Driver::function
  void *const *bindings;
  const uint32_t *scalars;
  uint32_t tileBegin, tileEnd;
  void *scratch; // of this thread
  uint32_t threadCount;
};

// Why a program cannot run here.
struct Refusal {
  char text[96];
};

// A driver whose kernels are called by threads of the host. All functions may
// be called from any thread, on the same code as well.
struct Driver {
  const char *name;
  schema::DeviceKind device;

  // How well this machine runs a target's code: 0 not at all, and then says
  // why; otherwise higher is faster.
  uint32_t (*rate)(const schema::Target &target, Refusal *refusal);

  // Loads the code section of a program. copy: to fresh pages.
  Status (*load)(const Artifact &artifact, const schema::Program &program,
                 bool copy, const Allocator &allocator, DriverCode **out);
  void (*unload)(DriverCode *code);

  // Where a function of the program begins.
  const void *(*function)(const DriverCode *code,
                          const schema::Function &function);

  // Sets the floating-point state that kernels rely on; returns the former
  // one for leave.
  uint64_t (*enter)();
  void (*leave)(uint64_t former);

  // 0, or the kernel's positive error.
  int32_t (*call)(const KernelCall &call);
};

// The drivers that were built in; `count` of them.
const Driver *const *builtInDrivers(uint32_t *count);

} // namespace visir::runtime

#endif // VISIR_RUNTIME_DEVICE_DRIVER_H
