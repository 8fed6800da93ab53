// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The driver's own prototypes of CUDA against NVIDIA's header.
#include "targets/cuda/driver/cuda_types.h"

#include <cuda.h>
#include <gtest/gtest.h>

namespace own = visir::runtime::cuda;

#define SAME_PLACE(ours, theirs, a, b)                                         \
  static_assert(offsetof(ours, a) == offsetof(theirs, b), #a)

SAME_PLACE(own::KernelParams, CUDA_KERNEL_NODE_PARAMS_v1, gridX, gridDimX);
SAME_PLACE(own::KernelParams, CUDA_KERNEL_NODE_PARAMS_v1, blockZ, blockDimZ);
SAME_PLACE(own::KernelParams, CUDA_KERNEL_NODE_PARAMS_v1, sharedBytes,
           sharedMemBytes);
SAME_PLACE(own::KernelParams, CUDA_KERNEL_NODE_PARAMS_v1, parameters,
           kernelParams);
static_assert(sizeof(own::KernelParams) == sizeof(CUDA_KERNEL_NODE_PARAMS_v1));

SAME_PLACE(own::CopyParams, CUDA_MEMCPY3D_v2, fromType, srcMemoryType);
SAME_PLACE(own::CopyParams, CUDA_MEMCPY3D_v2, fromHost, srcHost);
SAME_PLACE(own::CopyParams, CUDA_MEMCPY3D_v2, fromDevice, srcDevice);
SAME_PLACE(own::CopyParams, CUDA_MEMCPY3D_v2, toType, dstMemoryType);
SAME_PLACE(own::CopyParams, CUDA_MEMCPY3D_v2, toHost, dstHost);
SAME_PLACE(own::CopyParams, CUDA_MEMCPY3D_v2, toDevice, dstDevice);
SAME_PLACE(own::CopyParams, CUDA_MEMCPY3D_v2, width, WidthInBytes);
SAME_PLACE(own::CopyParams, CUDA_MEMCPY3D_v2, depth, Depth);
static_assert(sizeof(own::CopyParams) == sizeof(CUDA_MEMCPY3D_v2));

SAME_PLACE(own::FillParams, CUDA_MEMSET_NODE_PARAMS_v1, to, dst);
SAME_PLACE(own::FillParams, CUDA_MEMSET_NODE_PARAMS_v1, value, value);
SAME_PLACE(own::FillParams, CUDA_MEMSET_NODE_PARAMS_v1, elementBytes,
           elementSize);
SAME_PLACE(own::FillParams, CUDA_MEMSET_NODE_PARAMS_v1, width, width);
SAME_PLACE(own::FillParams, CUDA_MEMSET_NODE_PARAMS_v1, height, height);
static_assert(sizeof(own::FillParams) == sizeof(CUDA_MEMSET_NODE_PARAMS_v1));

TEST(CudaTypes, ValuesAreNvidias) {
  EXPECT_EQ(own::kOutOfMemory, CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(own::kNoDevice, CUDA_ERROR_NO_DEVICE);
  EXPECT_EQ(own::kInvalidImage, CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(own::kNoBinary, CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(own::kUnsupportedPtx, CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
  EXPECT_EQ(own::kNotFound, CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(own::kEccUncorrectable, CUDA_ERROR_ECC_UNCORRECTABLE);
  EXPECT_EQ(own::kIllegalAddress, CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(own::kLaunchTimeout, CUDA_ERROR_LAUNCH_TIMEOUT);
  EXPECT_EQ(own::kHardwareStack, CUDA_ERROR_HARDWARE_STACK_ERROR);
  EXPECT_EQ(own::kLaunchFailed, CUDA_ERROR_LAUNCH_FAILED);
  EXPECT_EQ(own::kMajor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  EXPECT_EQ(own::kMinor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  EXPECT_EQ(own::kMaxSharedOptin,
            CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  EXPECT_EQ(own::kFunctionMaxThreads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  EXPECT_EQ(own::kFunctionStaticShared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
  EXPECT_EQ(own::kFunctionMaxDynamicShared,
            CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
  EXPECT_EQ(own::kStreamNonBlocking, unsigned(CU_STREAM_NON_BLOCKING));
  EXPECT_EQ(own::kEventDisableTiming, unsigned(CU_EVENT_DISABLE_TIMING));
  EXPECT_EQ(own::kHostAllocPortable, unsigned(CU_MEMHOSTALLOC_PORTABLE));
  EXPECT_EQ(own::kHostAllocMapped, unsigned(CU_MEMHOSTALLOC_DEVICEMAP));
  EXPECT_EQ(own::kMemAttachGlobal, unsigned(CU_MEM_ATTACH_GLOBAL));
  EXPECT_EQ(own::kMemoryHost, CU_MEMORYTYPE_HOST);
  EXPECT_EQ(own::kMemoryDevice, CU_MEMORYTYPE_DEVICE);
  EXPECT_EQ(own::kPointerMemoryType, CU_POINTER_ATTRIBUTE_MEMORY_TYPE);
  EXPECT_EQ(own::kPointerDeviceOrdinal, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL);
}
