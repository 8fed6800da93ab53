// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the driver needs of the interface of NVIDIA's CUDA driver, version 11.4:
// it is stable, so that no toolkit is needed to build. test/targets/cuda
// compares sizes and values with cuda.h where there is one.
#ifndef VISIR_TARGETS_CUDA_DRIVER_CUDA_TYPES_H
#define VISIR_TARGETS_CUDA_DRIVER_CUDA_TYPES_H

#include <stddef.h>
#include <stdint.h>

namespace visir::runtime::cuda {

using Result = int;
using DeviceNumber = int;
using DevicePointer = uint64_t;
using Context = struct ContextHandle *;
using Module = struct ModuleHandle *;
using Function = struct FunctionHandle *;
using Stream = struct StreamHandle *;
using Event = struct EventHandle *;
using Graph = struct GraphHandle *;
using GraphNode = struct GraphNodeHandle *;
using GraphExec = struct GraphExecHandle *;

// The version of the interface: 1000 * major + 10 * minor.
constexpr int kInterfaceVersion = 11040;

constexpr Result kSuccess = 0, kInvalidValue = 1, kOutOfMemory = 2,
                 kNoDevice = 100, kInvalidImage = 200, kNoBinary = 209,
                 kUnsupportedPtx = 222, kNotFound = 500;
// Errors after which the context is of no use.
constexpr Result kEccUncorrectable = 214, kIllegalAddress = 700,
                 kLaunchTimeout = 702, kHardwareStack = 714,
                 kLaunchFailed = 719;

// Attributes of devices.
constexpr int kMajor = 75,
              kMinor = 76, kMaxSharedOptin = 97;
// Of functions.
constexpr int kFunctionMaxThreads = 0, kFunctionStaticShared = 1,
              kFunctionMaxDynamicShared = 8;

constexpr unsigned kStreamNonBlocking = 1, kEventDefault = 0,
                   kEventDisableTiming = 2, kHostAllocPortable = 1,
                   kHostAllocMapped = 2, kMemAttachGlobal = 1;
constexpr int kMemoryHost = 1, kMemoryDevice = 2;
constexpr int kPointerMemoryType = 2, kPointerDeviceOrdinal = 9;

struct KernelParams {
  Function function;
  unsigned gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes;
  void **parameters;
  void **extra;
};

struct CopyParams {
  size_t fromX, fromY, fromZ, fromLod;
  int fromType;
  const void *fromHost;
  DevicePointer fromDevice;
  void *fromArray, *reserved0;
  size_t fromPitch, fromHeight;
  size_t toX, toY, toZ, toLod;
  int toType;
  void *toHost;
  DevicePointer toDevice;
  void *toArray, *reserved1;
  size_t toPitch, toHeight;
  size_t width, height, depth;
};

struct FillParams {
  DevicePointer to;
  size_t pitch;
  unsigned value, elementBytes;
  size_t width, height;
};

} // namespace visir::runtime::cuda

#endif // VISIR_TARGETS_CUDA_DRIVER_CUDA_TYPES_H
