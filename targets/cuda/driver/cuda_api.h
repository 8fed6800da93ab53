// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of NVIDIA's CUDA driver that are called, found when first
// needed: the library is never linked.
#ifndef VISIR_TARGETS_CUDA_DRIVER_CUDA_API_H
#define VISIR_TARGETS_CUDA_DRIVER_CUDA_API_H

#include "runtime/base/status.h"
#include "targets/cuda/driver/cuda_types.h"

namespace visir::runtime::cuda {

// Name, name as the library exports it, parameters.
#define VISIR_CUDA_FUNCTIONS(X)                                                \
  X(Init, "cuInit", (unsigned flags))                                          \
  X(DriverGetVersion, "cuDriverGetVersion", (int *version))                    \
  X(GetErrorName, "cuGetErrorName", (Result result, const char **name))        \
  X(DeviceGetCount, "cuDeviceGetCount", (int *count))                          \
  X(DeviceGet, "cuDeviceGet", (DeviceNumber * device, int ordinal))            \
  X(DeviceGetName, "cuDeviceGetName",                                          \
    (char *name, int bytes, DeviceNumber device))                              \
  X(DeviceGetAttribute, "cuDeviceGetAttribute",                                \
    (int *value, int attribute, DeviceNumber device))                          \
  X(DevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain",                        \
    (Context * context, DeviceNumber device))                                  \
  X(DevicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease_v2",                   \
    (DeviceNumber device))                                                     \
  X(CtxPushCurrent, "cuCtxPushCurrent_v2", (Context context))                  \
  X(CtxPopCurrent, "cuCtxPopCurrent_v2", (Context * context))                  \
  X(ModuleLoadData, "cuModuleLoadData", (Module * module, const void *image))  \
  X(ModuleUnload, "cuModuleUnload", (Module module))                           \
  X(ModuleGetFunction, "cuModuleGetFunction",                                  \
    (Function * function, Module module, const char *name))                    \
  X(FuncGetAttribute, "cuFuncGetAttribute",                                    \
    (int *value, int attribute, Function function))                            \
  X(FuncSetAttribute, "cuFuncSetAttribute",                                    \
    (Function function, int attribute, int value))                             \
  X(MemAlloc, "cuMemAlloc_v2", (DevicePointer * memory, size_t bytes))         \
  X(MemFree, "cuMemFree_v2", (DevicePointer memory))                           \
  X(MemAllocManaged, "cuMemAllocManaged",                                      \
    (DevicePointer * memory, size_t bytes, unsigned flags))                    \
  X(MemHostAlloc, "cuMemHostAlloc",                                            \
    (void **memory, size_t bytes, unsigned flags))                             \
  X(MemFreeHost, "cuMemFreeHost", (void *memory))                              \
  X(MemHostGetDevicePointer, "cuMemHostGetDevicePointer_v2",                   \
    (DevicePointer * device, void *host, unsigned flags))                      \
  X(MemcpyHtoD, "cuMemcpyHtoD_v2",                                             \
    (DevicePointer to, const void *from, size_t bytes))                        \
  X(MemcpyAsync, "cuMemcpyAsync",                                              \
    (DevicePointer to, DevicePointer from, size_t bytes, Stream stream))       \
  X(MemsetD8, "cuMemsetD8_v2",                                                 \
    (DevicePointer to, unsigned char value, size_t count))                     \
  X(MemsetD8Async, "cuMemsetD8Async",                                          \
    (DevicePointer to, unsigned char value, size_t count, Stream stream))      \
  X(PointerGetAttribute, "cuPointerGetAttribute",                              \
    (void *value, int attribute, DevicePointer pointer))                       \
  X(StreamCreate, "cuStreamCreate", (Stream * stream, unsigned flags))         \
  X(StreamDestroy, "cuStreamDestroy_v2", (Stream stream))                      \
  X(StreamSynchronize, "cuStreamSynchronize", (Stream stream))                 \
  X(StreamWaitEvent, "cuStreamWaitEvent",                                      \
    (Stream stream, Event event, unsigned flags))                              \
  X(EventCreate, "cuEventCreate", (Event * event, unsigned flags))             \
  X(EventDestroy, "cuEventDestroy_v2", (Event event))                          \
  X(EventRecord, "cuEventRecord", (Event event, Stream stream))                \
  X(EventSynchronize, "cuEventSynchronize", (Event event))                     \
  X(EventElapsedTime, "cuEventElapsedTime",                                    \
    (float *milliseconds, Event begin, Event end))                             \
  X(LaunchKernel, "cuLaunchKernel",                                            \
    (Function function, unsigned gridX, unsigned gridY, unsigned gridZ,        \
     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,  \
     Stream stream, void **parameters, void **extra))                          \
  X(GraphCreate, "cuGraphCreate", (Graph * graph, unsigned flags))             \
  X(GraphDestroy, "cuGraphDestroy", (Graph graph))                             \
  X(GraphAddKernelNode, "cuGraphAddKernelNode",                                \
    (GraphNode * node, Graph graph, const GraphNode *earlier, size_t count,    \
     const KernelParams *params))                                              \
  X(GraphAddMemcpyNode, "cuGraphAddMemcpyNode",                                \
    (GraphNode * node, Graph graph, const GraphNode *earlier, size_t count,    \
     const CopyParams *params, Context context))                               \
  X(GraphAddMemsetNode, "cuGraphAddMemsetNode",                                \
    (GraphNode * node, Graph graph, const GraphNode *earlier, size_t count,    \
     const FillParams *params, Context context))                               \
  X(GraphAddEmptyNode, "cuGraphAddEmptyNode",                                  \
    (GraphNode * node, Graph graph, const GraphNode *earlier, size_t count))   \
  X(GraphInstantiate, "cuGraphInstantiateWithFlags",                           \
    (GraphExec * exec, Graph graph, unsigned long long flags))                 \
  X(GraphExecDestroy, "cuGraphExecDestroy", (GraphExec exec))                  \
  X(GraphExecKernelNodeSetParams, "cuGraphExecKernelNodeSetParams",            \
    (GraphExec exec, GraphNode node, const KernelParams *params))              \
  X(GraphExecMemcpyNodeSetParams, "cuGraphExecMemcpyNodeSetParams",            \
    (GraphExec exec, GraphNode node, const CopyParams *params,                 \
     Context context))                                                         \
  X(GraphExecMemsetNodeSetParams, "cuGraphExecMemsetNodeSetParams",            \
    (GraphExec exec, GraphNode node, const FillParams *params,                 \
     Context context))                                                         \
  X(GraphUpload, "cuGraphUpload", (GraphExec exec, Stream stream))             \
  X(GraphLaunch, "cuGraphLaunch", (GraphExec exec, Stream stream))

struct Api {
#define VISIR_CUDA_MEMBER(name, symbol, parameters)                            \
  Result(*name) parameters = nullptr;
  VISIR_CUDA_FUNCTIONS(VISIR_CUDA_MEMBER)
#undef VISIR_CUDA_MEMBER
};

// Opens the library (the environment variable VISIR_CUDA_LIBRARY names another
// one than the system's), finds its functions and initialises it. It is never
// closed.
Status openCuda(Api *api);

// The status of a call: ok for success; `what` names the call.
Status toStatus(const Api &api, Result result, const char *what);

} // namespace visir::runtime::cuda

// Calls a function of the driver and returns its failure.
#define VISIR_CUDA_TRY(api, name, ...)                                         \
  VISIR_RETURN_IF_ERROR(::visir::runtime::cuda::toStatus(                      \
      (api), (api).name(__VA_ARGS__), "cu" #name))

#endif // VISIR_TARGETS_CUDA_DRIVER_CUDA_API_H
