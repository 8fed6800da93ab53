// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory of a session on a device, and its entries as graphs.
#ifndef VISIR_TARGETS_CUDA_DRIVER_CUDA_SESSION_H
#define VISIR_TARGETS_CUDA_DRIVER_CUDA_SESSION_H

#include "targets/cuda/driver/cuda_code.h"

namespace visir::runtime::cuda {

// A kernel's parameters: its bindings, scalars, status and workspace.
constexpr uint32_t kMaxParameters = kMaxBindings + kMaxScalars + 2;

// An entry as a graph: one node for each command, with an edge for each
// dependency; in one of two forms. Staged, the tensors are the session's and
// nodes copy them from and to the host. Direct, they are the caller's.
struct EntryGraph {
  Graph graph = nullptr;
  GraphExec exec = nullptr;
  Array<GraphNode> nodes;  // by command
  Array<GraphNode> inputs; // their copies; null for those without bytes
  // What its nodes know: addresses of inputs and outputs, scalars.
  Array<DevicePointer> tensors;
  Array<uint32_t> scalars;
};

struct PreparedEntry {
  // In the tensors' memory, the same on host and device; inputs, outputs.
  Array<uint64_t> tensorOffsets;
  // By command: the word for its error in the host's memory, its workspace in
  // the device's, and the first of its scalars.
  Array<uint64_t> errorOffsets, workspaceOffsets;
  Array<uint32_t> firstScalar;
  Array<uint32_t> scalars; // of the current run
  EntryGraph staged, direct;
};

constexpr uint64_t kNoOffset = UINT64_MAX;

struct Session {
  explicit Session() = default;
  ~Session();

  Status open(Code &loaded, uint64_t memoryLimit);
  Status run(EntryRun *run);
  // Starts a run on tensors in the device's memory and does not wait.
  Status enqueue(EntryRun *run, void *const *tensors, void *stream);
  // Waits for all runs that were started.
  Status wait(EntryRun *run);

  uint64_t memoryBytes() const {
    return memory.size() + states.size() + host.size();
  }
  uint8_t *hostTensor(uint32_t entry, uint32_t index) {
    return host.data() + entries[entry].tensorOffsets[index];
  }
  // States lie in memory that host and device reach.
  uint8_t *state(uint32_t index) {
    return reinterpret_cast<uint8_t *>(states.get() + stateOffsets[index]);
  }

  const schema::Entry &entry(uint32_t index) const {
    return *code->program->entries()->Get(index);
  }
  const Api &api() const { return code->device.api; }
  DevicePointer address(const schema::Entry &entry,
                        const DevicePointer *tensors,
                        const schema::BindingRef &ref) const;

  Code *code = nullptr;
  // memory: arena, copies of tensors, workspaces. host: tensors, words for
  // errors, the values of symbols.
  DeviceMemory memory, states;
  HostMemory host;
  uint64_t tensorsAt = 0; // in memory
  uint64_t symbolsAt = 0; // in host
  Array<uint64_t> stateOffsets;
  Array<PreparedEntry> entries;

private:
  struct Needs {
    uint64_t arena = 0, tensors = 0, workspace = 0, errors = 0, states = 0;
    uint32_t commands = 0, symbols = 0;
  };

  Status plan(Needs *needs);
  Status planEntry(uint32_t index, Needs *needs);
  Status start(EntryRun *run, EntryGraph &graph, const DevicePointer *tensors,
               bool isStaged, Stream on);
  void setSymbols(const EntryRun &run);
  Status launch(GraphExec exec, Stream on);
  Status measure(EntryRun *run);
  Status readTimes(EntryRun *run) const;
  Status checkTensors(uint32_t entry, void *const *tensors) const;
  void takeErrors(EntryRun *run);

  Array<GraphNode> earlier;    // room for the nodes before a node
  Array<DevicePointer> places; // of the tensors of the current run
  Stream stream = nullptr, lastStream = nullptr;
  Event done = nullptr;
  bool pending = false; // work may be under way
  Array<Event> times;
};

} // namespace visir::runtime::cuda

#endif // VISIR_TARGETS_CUDA_DRIVER_CUDA_SESSION_H
