// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes an entry's commands nodes of a graph, and changes them.
#ifndef VISIR_TARGETS_CUDA_DRIVER_CUDA_GRAPH_H
#define VISIR_TARGETS_CUDA_DRIVER_CUDA_GRAPH_H

#include "targets/cuda/driver/cuda_session.h"

namespace visir::runtime::cuda {

// Of one entry, with its tensors at `tensors`.
class GraphWriter {
public:
  GraphWriter(const Session &session, uint32_t index,
              const DevicePointer *tensors)
      : session(session), api(session.api()), entry(session.entry(index)),
        prepared(session.entries[index]), tensors(tensors) {}

  // isStaged: copies of the inputs before, of the outputs behind. earlier has
  // room for all nodes before a node.
  Status build(EntryGraph &graph, bool isStaged, GraphNode *earlier);
  // Changes the nodes that know what has changed since.
  Status update(EntryGraph &graph);
  // Puts a command into a stream.
  Status put(uint32_t command, Stream stream);
  // Puts the copies of all inputs or all outputs into a stream.
  Status putTensors(bool outputs, Stream stream);

private:
  Status addNode(EntryGraph &graph, uint32_t command, const GraphNode *earlier,
                 uint32_t count);
  Status changeNode(EntryGraph &graph, uint32_t command);
  bool hasChanged(const EntryGraph &graph, uint32_t command) const;
  KernelParams kernel(const schema::Dispatch &dispatch, uint32_t command);
  CopyParams copy(const schema::Copy &copy) const;
  FillParams fill(const schema::Fill &fill) const;
  CopyParams tensorCopy(uint32_t tensor) const;
  Status addOutput(EntryGraph &graph, uint32_t output, GraphNode *earlier);
  DevicePointer address(const schema::BindingRef &ref) const {
    return session.address(entry, tensors, ref);
  }

  const Session &session;
  const Api &api;
  const schema::Entry &entry;
  const PreparedEntry &prepared;
  const DevicePointer *tensors;
  uint64_t values[kMaxParameters];
  void *parameters[kMaxParameters];
};

} // namespace visir::runtime::cuda

#endif // VISIR_TARGETS_CUDA_DRIVER_CUDA_GRAPH_H
