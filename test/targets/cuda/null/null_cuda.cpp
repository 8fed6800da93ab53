// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A stand-in for NVIDIA's libcuda.so.1 without a GPU: the functions that the
// driver of targets/cuda uses. The environment variable VISIR_NULL_CUDA makes
// it lie; it is a list of words, separated by commas:
//   sm=75:90        the devices' architectures (sm_90 alone without it)
//   missing-NAME    has no function of that exported name
//   no-driver, no-device   cuInit fails, there is no device
//   machine-code    loads ELF files: text lies behind 64 bytes of header
//   old-ptx         does not know the version of the text
//   memory=N        the N-th allocation from now on fails
//   threads=N, shared=N    limits of functions and of the device
//   lost            launched work fails
//   no-edges        graphs lose their dependencies, which must be found out
#include "machine.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

using namespace visir::null;

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

// The value of a word "name=value" or "name", or null.
const char *mode(const char *name) {
  static thread_local std::string value;
  const char *modes = getenv("VISIR_NULL_CUDA");
  size_t length = strlen(name);
  while (modes && *modes) {
    size_t end = strcspn(modes, ",");
    if (strncmp(modes, name, length) == 0 &&
        (modes[length] == '=' || end == length)) {
      value = std::string(modes, end).substr(std::min(end, length + 1));
      return value.c_str();
    }
    modes += end + (modes[end] == ',');
  }
  return nullptr;
}

std::vector<int> architectures() {
  std::vector<int> list;
  if (mode("no-device"))
    return list;
  const char *text = mode("sm");
  std::string all = text ? text : "90";
  for (size_t at = 0; at < all.size(); at = all.find(':', at) + 1) {
    list.push_back(atoi(all.c_str() + at));
    if (all.find(':', at) == std::string::npos)
      break;
  }
  return list;
}

uint64_t now() {
  return static_cast<uint64_t>(
      std::chrono::steady_clock::now().time_since_epoch().count());
}

int depth = 0; // of the stack of contexts
int users = 0; // of the primary contexts
uint64_t allocations = 0;
std::string memoryMode;

// Counts from when the mode was set.
bool refusesMemory() {
  const char *limit = mode("memory");
  std::string text = limit ? limit : "";
  if (text != memoryMode) {
    memoryMode = text;
    allocations = 0;
  }
  ++allocations;
  return !text.empty() && allocations == strtoull(text.c_str(), nullptr, 10);
}

Result take(uint64_t bytes, Kind kind, uint64_t *out) {
  if (depth == 0 || bytes == 0)
    return kInvalidValue;
  if (refusesMemory())
    return kOutOfMemory;
  *out = machine().allocate(bytes, kind);
  return *out ? kSuccess : kOutOfMemory;
}

WorkStream &streamOf(Stream stream) {
  return stream ? *reinterpret_cast<WorkStream *>(stream)
                : machine().defaultStream;
}

TimeEvent &eventOf(Event event) {
  return *reinterpret_cast<TimeEvent *>(event);
}

Result outcome() {
  return machine().failure.empty() ? kSuccess : kLaunchFailed;
}

void setKernel(Node &node, const KernelParams &params) {
  node.type = Node::kernel;
  node.launch = params;
  const auto &kernel =
      *reinterpret_cast<const LoadedFunction *>(params.function)->kernel;
  node.parameters.assign(kernel.parameterBytes, 0);
  for (size_t i = 0; i < kernel.parameters.size(); ++i)
    memcpy(node.parameters.data() + kernel.parameters[i].offset,
           params.parameters[i], kernel.parameters[i].bytes);
}

Node &addNode(GraphNode *out, Graph graph, const GraphNode *earlier,
              size_t count) {
  auto &nodes = reinterpret_cast<NodeGraph *>(graph)->nodes;
  nodes.push_back(std::make_unique<Node>());
  Node &node = *nodes.back();
  node.index = static_cast<uint32_t>(nodes.size() - 1);
  for (size_t i = 0; i < count; ++i)
    node.earlier.push_back(reinterpret_cast<Node *>(earlier[i])->index);
  *out = reinterpret_cast<GraphNode>(&node);
  return node;
}

struct Exec {
  std::vector<Node> nodes;
};

Node &nodeOf(GraphExec exec, GraphNode node) {
  return reinterpret_cast<Exec *>(exec)
      ->nodes[reinterpret_cast<Node *>(node)->index];
}

void start(Stream stream, std::vector<Node> nodes) {
  bool dropEdges = mode("no-edges") != nullptr;
  bool lost = mode("lost") != nullptr;
  machine().add(streamOf(stream), [nodes = std::move(nodes), dropEdges, lost] {
    if (lost)
      machine().failure = "CUDA_ERROR_LAUNCH_FAILED";
    else
      machine().runNodes(nodes, dropEdges);
  });
}

// One command as a graph of its own: the stream's order is its order, so what
// lies before it counts as the host's.
void startAlone(Stream stream, Node node) {
  std::vector<Node> nodes;
  nodes.push_back(std::move(node));
  machine().add(streamOf(stream), [] {
    for (auto &[end, allocation] : machine().memory)
      for (Line &line : allocation.lines)
        line.ofHost |= line.written;
  });
  start(stream, std::move(nodes));
}

} // namespace

// For tests: what was launched last, and how often.
EXPORT const char *visir_null_cuda_graph() {
  return machine().lastGraph.c_str();
}
EXPORT uint64_t visir_null_cuda_launches() { return machine().launches; }

EXPORT Result cuInit(unsigned) {
  return mode("no-driver") ? kNoDevice : kSuccess;
}
EXPORT Result cuDriverGetVersion(int *version) {
  *version = 12040;
  return kSuccess;
}
EXPORT Result cuGetErrorName(Result result, const char **name) {
  if (result == kLaunchFailed && !machine().failure.empty())
    *name = machine().failure.c_str();
  else
    *name = result == kOutOfMemory      ? "CUDA_ERROR_OUT_OF_MEMORY"
            : result == kNoDevice       ? "CUDA_ERROR_NO_DEVICE"
            : result == kInvalidValue   ? "CUDA_ERROR_INVALID_VALUE"
            : result == kInvalidImage   ? "CUDA_ERROR_INVALID_IMAGE"
            : result == kUnsupportedPtx ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"
            : result == kNotFound       ? "CUDA_ERROR_NOT_FOUND"
                                        : "CUDA_ERROR_UNKNOWN";
  return kSuccess;
}
EXPORT Result cuDeviceGetCount(int *count) {
  *count = static_cast<int>(architectures().size());
  return kSuccess;
}
EXPORT Result cuDeviceGet(DeviceNumber *device, int ordinal) {
  *device = ordinal;
  return kSuccess;
}
EXPORT Result cuDeviceGetName(char *name, int bytes, DeviceNumber device) {
  snprintf(name, static_cast<size_t>(bytes), "Null GPU %c", 'A' + device);
  return kSuccess;
}
EXPORT Result cuDeviceGetAttribute(int *value, int attribute,
                                   DeviceNumber device) {
  int sm = architectures()[static_cast<size_t>(device)];
  const char *shared = mode("shared");
  *value = attribute == kMajor            ? sm / 10
           : attribute == kMinor          ? sm % 10
           : attribute == kMaxSharedOptin ? (shared ? atoi(shared) : 232448)
                                          : 0;
  return kSuccess;
}
EXPORT Result cuDevicePrimaryCtxRetain(Context *context, DeviceNumber device) {
  static int contexts[16];
  *context = reinterpret_cast<Context>(&contexts[device]);
  // A fresh context knows nothing of the failures of the one before.
  if (users++ == 0)
    machine().failure.clear();
  return kSuccess;
}
EXPORT Result cuDevicePrimaryCtxRelease_v2(DeviceNumber) {
  --users;
  return kSuccess;
}
EXPORT Result cuCtxPushCurrent_v2(Context) {
  ++depth;
  return kSuccess;
}
EXPORT Result cuCtxPopCurrent_v2(Context *) {
  --depth;
  return kSuccess;
}

EXPORT Result cuModuleLoadData(Module *module, const void *image) {
  const char *text = static_cast<const char *>(image);
  if (memcmp(text,
             "\x7f"
             "ELF",
             4) == 0) {
    if (!mode("machine-code"))
      return kNoBinary;
    text += 64;
  } else if (mode("old-ptx")) {
    return kUnsupportedPtx;
  }
  auto loaded = std::make_unique<LoadedModule>();
  std::string reason;
  loaded->program = parse(text, &reason);
  if (!loaded->program) {
    fprintf(stderr, "null CUDA driver: %s\n", reason.c_str());
    return kInvalidImage;
  }
  for (auto &[name, kernel] : loaded->program->kernels)
    loaded->functions[name].kernel = &kernel;
  *module = reinterpret_cast<Module>(loaded.release());
  return kSuccess;
}
EXPORT Result cuModuleUnload(Module module) {
  delete reinterpret_cast<LoadedModule *>(module);
  return kSuccess;
}
EXPORT Result cuModuleGetFunction(Function *function, Module module,
                                  const char *name) {
  auto &functions = reinterpret_cast<LoadedModule *>(module)->functions;
  auto found = functions.find(name);
  if (found == functions.end())
    return kNotFound;
  *function = reinterpret_cast<Function>(&found->second);
  return kSuccess;
}
EXPORT Result cuFuncGetAttribute(int *value, int attribute, Function function) {
  const auto &kernel =
      *reinterpret_cast<const LoadedFunction *>(function)->kernel;
  const char *threads = mode("threads");
  *value = attribute == kFunctionMaxThreads
               ? (threads ? atoi(threads) : int(kernel.maxThreads))
               : int(kernel.sharedBytes);
  return kSuccess;
}
EXPORT Result cuFuncSetAttribute(Function function, int attribute, int value) {
  if (attribute != kFunctionMaxDynamicShared)
    return kInvalidValue;
  reinterpret_cast<LoadedFunction *>(function)->mostDynamicShared =
      static_cast<uint32_t>(value);
  return kSuccess;
}

EXPORT Result cuMemAlloc_v2(DevicePointer *memory, size_t bytes) {
  return take(bytes, Kind::device, memory);
}
EXPORT Result cuMemAllocManaged(DevicePointer *memory, size_t bytes, unsigned) {
  return take(bytes, Kind::managed, memory);
}
EXPORT Result cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  uint64_t address = 0;
  Result result = take(bytes, Kind::host, &address);
  *memory = reinterpret_cast<void *>(address);
  return result;
}
EXPORT Result cuMemFree_v2(DevicePointer memory) {
  return machine().release(memory) ? kSuccess : kInvalidValue;
}
EXPORT Result cuMemFreeHost(void *memory) {
  return cuMemFree_v2(reinterpret_cast<DevicePointer>(memory));
}
EXPORT Result cuMemHostGetDevicePointer_v2(DevicePointer *device, void *host,
                                           unsigned) {
  *device = reinterpret_cast<DevicePointer>(host);
  return kSuccess;
}
EXPORT Result cuMemcpyHtoD_v2(DevicePointer to, const void *from,
                              size_t bytes) {
  if (!machine().markHost(to, bytes, true))
    return kInvalidValue;
  memcpy(reinterpret_cast<void *>(to), from, bytes);
  return kSuccess;
}
EXPORT Result cuMemsetD8_v2(DevicePointer to, unsigned char value,
                            size_t count) {
  if (!machine().markHost(to, count, false))
    return kInvalidValue;
  memset(reinterpret_cast<void *>(to), value, count);
  return kSuccess;
}
EXPORT Result cuPointerGetAttribute(void *value, int attribute,
                                    DevicePointer pointer) {
  const Allocation *found = machine().find(pointer);
  if (!found)
    return kInvalidValue;
  *static_cast<int *>(value) = attribute == kPointerDeviceOrdinal ? 0
                               : found->kind == Kind::host        ? kMemoryHost
                                                           : kMemoryDevice;
  return kSuccess;
}

EXPORT Result cuStreamCreate(Stream *stream, unsigned) {
  *stream = reinterpret_cast<Stream>(new WorkStream);
  return kSuccess;
}
EXPORT Result cuStreamDestroy_v2(Stream stream) {
  delete &streamOf(stream);
  return kSuccess;
}
EXPORT Result cuStreamSynchronize(Stream stream) {
  machine().runStream(streamOf(stream));
  return outcome();
}
EXPORT Result cuEventCreate(Event *event, unsigned) {
  *event = reinterpret_cast<Event>(new TimeEvent);
  return kSuccess;
}
EXPORT Result cuEventDestroy_v2(Event event) {
  delete &eventOf(event);
  return kSuccess;
}
EXPORT Result cuEventRecord(Event event, Stream stream) {
  TimeEvent &made = eventOf(event);
  made.on = &streamOf(stream);
  made.ticket = made.on->nextTicket;
  machine().add(*made.on, [&made] { made.ns = now(); });
  return kSuccess;
}
EXPORT Result cuEventSynchronize(Event event) {
  if (eventOf(event).on)
    machine().runStream(*eventOf(event).on, eventOf(event).ticket);
  return outcome();
}
EXPORT Result cuStreamWaitEvent(Stream stream, Event event, unsigned) {
  TimeEvent recorded = eventOf(event);
  if (recorded.on)
    machine().add(streamOf(stream), [recorded] {
      machine().runStream(*recorded.on, recorded.ticket);
    });
  return kSuccess;
}
EXPORT Result cuEventElapsedTime(float *milliseconds, Event begin, Event end) {
  *milliseconds = static_cast<float>(
      static_cast<double>(eventOf(end).ns - eventOf(begin).ns) * 1e-6);
  return kSuccess;
}

EXPORT Result cuLaunchKernel(Function function, unsigned gridX, unsigned gridY,
                             unsigned gridZ, unsigned blockX, unsigned blockY,
                             unsigned blockZ, unsigned sharedBytes,
                             Stream stream, void **parameters, void **extra) {
  Node node;
  setKernel(node, {function, gridX, gridY, gridZ, blockX, blockY, blockZ,
                   sharedBytes, parameters, extra});
  startAlone(stream, std::move(node));
  return kSuccess;
}
EXPORT Result cuMemcpyAsync(DevicePointer to, DevicePointer from, size_t bytes,
                            Stream stream) {
  Node node;
  node.type = Node::copy;
  node.copyParams.fromType = node.copyParams.toType = kMemoryDevice;
  node.copyParams.fromDevice = from;
  node.copyParams.toDevice = to;
  node.copyParams.width = bytes;
  node.copyParams.height = node.copyParams.depth = 1;
  startAlone(stream, std::move(node));
  return kSuccess;
}
EXPORT Result cuMemsetD8Async(DevicePointer to, unsigned char value,
                              size_t count, Stream stream) {
  Node node;
  node.type = Node::fill;
  node.fillParams = {to, 0, value, 1, count, 1};
  startAlone(stream, std::move(node));
  return kSuccess;
}

EXPORT Result cuGraphCreate(Graph *graph, unsigned) {
  *graph = reinterpret_cast<Graph>(new NodeGraph);
  return kSuccess;
}
EXPORT Result cuGraphDestroy(Graph graph) {
  delete reinterpret_cast<NodeGraph *>(graph);
  return kSuccess;
}
EXPORT Result cuGraphAddKernelNode(GraphNode *out, Graph graph,
                                   const GraphNode *earlier, size_t count,
                                   const KernelParams *params) {
  setKernel(addNode(out, graph, earlier, count), *params);
  return kSuccess;
}
EXPORT Result cuGraphAddMemcpyNode(GraphNode *out, Graph graph,
                                   const GraphNode *earlier, size_t count,
                                   const CopyParams *params, Context) {
  Node &node = addNode(out, graph, earlier, count);
  node.type = Node::copy;
  node.copyParams = *params;
  return params->width ? kSuccess : kInvalidValue;
}
EXPORT Result cuGraphAddMemsetNode(GraphNode *out, Graph graph,
                                   const GraphNode *earlier, size_t count,
                                   const FillParams *params, Context) {
  Node &node = addNode(out, graph, earlier, count);
  node.type = Node::fill;
  node.fillParams = *params;
  return params->width ? kSuccess : kInvalidValue;
}
EXPORT Result cuGraphAddEmptyNode(GraphNode *out, Graph graph,
                                  const GraphNode *earlier, size_t count) {
  addNode(out, graph, earlier, count);
  return kSuccess;
}
EXPORT Result cuGraphInstantiateWithFlags(GraphExec *exec, Graph graph,
                                          unsigned long long) {
  auto made = std::make_unique<Exec>();
  for (const auto &node : reinterpret_cast<NodeGraph *>(graph)->nodes)
    made->nodes.push_back(*node);
  *exec = reinterpret_cast<GraphExec>(made.release());
  return kSuccess;
}
EXPORT Result cuGraphExecDestroy(GraphExec exec) {
  delete reinterpret_cast<Exec *>(exec);
  return kSuccess;
}
EXPORT Result cuGraphExecKernelNodeSetParams(GraphExec exec, GraphNode node,
                                             const KernelParams *params) {
  setKernel(nodeOf(exec, node), *params);
  return kSuccess;
}
EXPORT Result cuGraphExecMemcpyNodeSetParams(GraphExec exec, GraphNode node,
                                             const CopyParams *params,
                                             Context) {
  nodeOf(exec, node).copyParams = *params;
  return kSuccess;
}
EXPORT Result cuGraphExecMemsetNodeSetParams(GraphExec exec, GraphNode node,
                                             const FillParams *params,
                                             Context) {
  nodeOf(exec, node).fillParams = *params;
  return kSuccess;
}
EXPORT Result cuGraphUpload(GraphExec, Stream) { return kSuccess; }
EXPORT Result cuGraphLaunch(GraphExec exec, Stream stream) {
  const auto &nodes = reinterpret_cast<Exec *>(exec)->nodes;
  machine().lastGraph = describe(nodes);
  ++machine().launches;
  start(stream, nodes);
  return kSuccess;
}

// Drivers before CUDA 11.3 do not have it.
#ifndef VISIR_NULL_CUDA_OLD
EXPORT Result cuGetProcAddress(const char *name, void **function, int version,
                               uint64_t) {
  *function = nullptr;
  Dl_info info;
  if (version != kInterfaceVersion ||
      !dladdr(reinterpret_cast<void *>(&cuInit), &info))
    return kNotFound;
  void *self = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  // The exported name may carry a version.
  for (const std::string &symbol :
       {std::string(name) + "_v2", std::string(name)})
    if (!*function && !mode(("missing-" + symbol).c_str()))
      *function = dlsym(self, symbol.c_str());
  dlclose(self);
  return *function ? kSuccess : kNotFound;
}
#endif
