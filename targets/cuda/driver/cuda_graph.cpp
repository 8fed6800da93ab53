// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/driver/cuda_graph.h"

#include <string.h>

namespace visir::runtime::cuda {
namespace {

template <typename Visit>
void visitRefs(const schema::Command &command, Visit visit) {
  if (const auto *dispatch = command.operation_as_Dispatch()) {
    for (uint32_t i = 0; i < sizeOf(dispatch->bindings()); ++i)
      visit(*dispatch->bindings()->Get(i));
  } else if (const auto *copy = command.operation_as_Copy()) {
    visit(*copy->source());
    visit(*copy->destination());
  } else {
    visit(*command.operation_as_Fill()->destination());
  }
}

// Whether a command touches an input or an output.
bool touches(const schema::Command &command, schema::BufferKind kind,
             uint32_t index) {
  bool found = false;
  visitRefs(command, [&](const schema::BindingRef &ref) {
    found |= ref.kind() == kind && ref.index() == index;
  });
  return found;
}

// Copies and fills of nothing are nodes that do nothing.
bool isEmpty(const schema::Command &command) {
  if (const auto *copy = command.operation_as_Copy())
    return copy->source()->size() == 0;
  if (const auto *fill = command.operation_as_Fill())
    return fill->destination()->size() == 0;
  return false;
}

CopyParams plainCopy(uint64_t bytes) {
  CopyParams params = {};
  params.fromType = params.toType = kMemoryDevice;
  params.width = bytes;
  params.height = params.depth = 1;
  return params;
}

} // namespace

KernelParams GraphWriter::kernel(const schema::Dispatch &dispatch,
                                 uint32_t command) {
  const schema::Function &function =
      *session.code->program->functions()->Get(dispatch.function());
  uint32_t count = 0;
  for (uint32_t i = 0; i < sizeOf(dispatch.bindings()); ++i)
    values[count++] = address(*dispatch.bindings()->Get(i));
  // A parameter of 32 bits is read from the start of its value.
  for (uint32_t i = 0; i < sizeOf(dispatch.scalars()); ++i)
    values[count++] = prepared.scalars[prepared.firstScalar[command] + i];
  values[count++] = session.host.onDevice() + prepared.errorOffsets[command];
  if (prepared.workspaceOffsets[command] != kNoOffset)
    values[count++] = session.memory.get() + prepared.workspaceOffsets[command];
  for (uint32_t i = 0; i < count; ++i)
    parameters[i] = &values[i];
  return {session.code->functions[dispatch.function()],
          function.tile_count(),
          1,
          1,
          function.workgroup_x(),
          function.workgroup_y(),
          function.workgroup_z(),
          static_cast<unsigned>(function.shared_bytes()),
          parameters,
          nullptr};
}

CopyParams GraphWriter::copy(const schema::Copy &copy) const {
  CopyParams params = plainCopy(copy.source()->size());
  params.fromDevice = address(*copy.source());
  params.toDevice = address(*copy.destination());
  return params;
}

FillParams GraphWriter::fill(const schema::Fill &fill) const {
  return {address(*fill.destination()), 0, fill.value(), 1,
          fill.destination()->size(),   1};
}

CopyParams GraphWriter::tensorCopy(uint32_t tensor) const {
  uint32_t inputs = sizeOf(entry.inputs());
  uint8_t *host = const_cast<uint8_t *>(session.host.data()) +
                  prepared.tensorOffsets[tensor];
  if (tensor < inputs) {
    CopyParams params = plainCopy(entry.inputs()->Get(tensor)->bytes());
    params.fromType = kMemoryHost;
    params.fromHost = host;
    params.toDevice = tensors[tensor];
    return params;
  }
  CopyParams params = plainCopy(entry.outputs()->Get(tensor - inputs)->bytes());
  params.fromDevice = tensors[tensor];
  params.toType = kMemoryHost;
  params.toHost = host;
  return params;
}

// Behind the commands that touch an output.
Status GraphWriter::addOutput(EntryGraph &graph, uint32_t output,
                              GraphNode *earlier) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < sizeOf(entry.commands()); ++i)
    if (touches(*entry.commands()->Get(i), schema::BufferKind::output, output))
      earlier[count++] = graph.nodes[i];
  CopyParams params = tensorCopy(sizeOf(entry.inputs()) + output);
  if (params.width == 0)
    return Status();
  GraphNode node = nullptr;
  VISIR_CUDA_TRY(api, GraphAddMemcpyNode, &node, graph.graph, earlier, count,
                 &params, session.code->device.context);
  return Status();
}

Status GraphWriter::addNode(EntryGraph &graph, uint32_t index,
                            const GraphNode *earlier, uint32_t count) {
  const schema::Command &command = *entry.commands()->Get(index);
  GraphNode *node = &graph.nodes[index];
  Context context = session.code->device.context;
  if (isEmpty(command)) {
    VISIR_CUDA_TRY(api, GraphAddEmptyNode, node, graph.graph, earlier, count);
  } else if (const auto *dispatch = command.operation_as_Dispatch()) {
    KernelParams params = kernel(*dispatch, index);
    VISIR_CUDA_TRY(api, GraphAddKernelNode, node, graph.graph, earlier, count,
                   &params);
  } else if (const auto *source = command.operation_as_Copy()) {
    CopyParams params = copy(*source);
    VISIR_CUDA_TRY(api, GraphAddMemcpyNode, node, graph.graph, earlier, count,
                   &params, context);
  } else {
    FillParams params = fill(*command.operation_as_Fill());
    VISIR_CUDA_TRY(api, GraphAddMemsetNode, node, graph.graph, earlier, count,
                   &params, context);
  }
  return Status();
}

Status GraphWriter::build(EntryGraph &graph, bool isStaged,
                          GraphNode *earlier) {
  uint32_t commands = sizeOf(entry.commands());
  const Allocator &allocator = session.code->allocator;
  size_t tensorCount = prepared.tensorOffsets.size();
  if (!graph.nodes.allocate(allocator, commands) ||
      !graph.inputs.allocate(allocator, sizeOf(entry.inputs())) ||
      !graph.tensors.allocate(allocator, tensorCount) ||
      !graph.scalars.allocate(allocator, prepared.scalars.size()))
    return Status::error(StatusCode::outOfMemory, "no memory for a graph");
  for (size_t i = 0; i < tensorCount; ++i)
    graph.tensors[i] = tensors[i];
  for (size_t i = 0; i < prepared.scalars.size(); ++i)
    graph.scalars[i] = prepared.scalars[i];
  VISIR_CUDA_TRY(api, GraphCreate, &graph.graph, 0);
  for (uint32_t i = 0; isStaged && i < sizeOf(entry.inputs()); ++i) {
    CopyParams params = tensorCopy(i);
    if (params.width != 0)
      VISIR_CUDA_TRY(api, GraphAddMemcpyNode, &graph.inputs[i], graph.graph,
                     nullptr, 0, &params, session.code->device.context);
  }
  for (uint32_t i = 0; i < commands; ++i) {
    const schema::Command &command = *entry.commands()->Get(i);
    uint32_t count = 0;
    for (uint32_t d = 0; d < sizeOf(command.depends_on()); ++d)
      earlier[count++] = graph.nodes[command.depends_on()->Get(d)];
    for (uint32_t t = 0; t < graph.inputs.size(); ++t)
      if (graph.inputs[t] && touches(command, schema::BufferKind::input, t))
        earlier[count++] = graph.inputs[t];
    VISIR_RETURN_IF_ERROR_AT(addNode(graph, i, earlier, count), "command %u",
                             i);
  }
  for (uint32_t i = 0; isStaged && i < sizeOf(entry.outputs()); ++i)
    VISIR_RETURN_IF_ERROR(addOutput(graph, i, earlier));
  VISIR_CUDA_TRY(api, GraphInstantiate, &graph.exec, graph.graph, 0);
  return Status();
}

bool GraphWriter::hasChanged(const EntryGraph &graph, uint32_t index) const {
  const schema::Command &command = *entry.commands()->Get(index);
  bool changed = false;
  visitRefs(command, [&](const schema::BindingRef &ref) {
    uint32_t tensor = ref.index();
    if (ref.kind() == schema::BufferKind::output)
      tensor += sizeOf(entry.inputs());
    else if (ref.kind() != schema::BufferKind::input)
      return;
    changed |= tensors[tensor] != graph.tensors[tensor];
  });
  const auto *dispatch = command.operation_as_Dispatch();
  uint32_t first = prepared.firstScalar[index];
  for (uint32_t i = 0; dispatch && i < sizeOf(dispatch->scalars()); ++i)
    changed |= prepared.scalars[first + i] != graph.scalars[first + i];
  return changed;
}

Status GraphWriter::changeNode(EntryGraph &graph, uint32_t index) {
  const schema::Command &command = *entry.commands()->Get(index);
  GraphNode node = graph.nodes[index];
  Context context = session.code->device.context;
  if (const auto *dispatch = command.operation_as_Dispatch()) {
    KernelParams params = kernel(*dispatch, index);
    VISIR_CUDA_TRY(api, GraphExecKernelNodeSetParams, graph.exec, node,
                   &params);
  } else if (const auto *source = command.operation_as_Copy()) {
    CopyParams params = copy(*source);
    VISIR_CUDA_TRY(api, GraphExecMemcpyNodeSetParams, graph.exec, node, &params,
                   context);
  } else {
    FillParams params = fill(*command.operation_as_Fill());
    VISIR_CUDA_TRY(api, GraphExecMemsetNodeSetParams, graph.exec, node, &params,
                   context);
  }
  return Status();
}

Status GraphWriter::update(EntryGraph &graph) {
  for (uint32_t i = 0; i < sizeOf(entry.commands()); ++i)
    if (hasChanged(graph, i) && !isEmpty(*entry.commands()->Get(i)))
      VISIR_RETURN_IF_ERROR_AT(changeNode(graph, i), "command %u", i);
  for (size_t i = 0; i < graph.tensors.size(); ++i)
    graph.tensors[i] = tensors[i];
  for (size_t i = 0; i < graph.scalars.size(); ++i)
    graph.scalars[i] = prepared.scalars[i];
  return Status();
}

Status GraphWriter::put(uint32_t index, Stream stream) {
  const schema::Command &command = *entry.commands()->Get(index);
  if (isEmpty(command))
    return Status();
  if (const auto *dispatch = command.operation_as_Dispatch()) {
    KernelParams p = kernel(*dispatch, index);
    VISIR_CUDA_TRY(api, LaunchKernel, p.function, p.gridX, p.gridY, p.gridZ,
                   p.blockX, p.blockY, p.blockZ, p.sharedBytes, stream,
                   p.parameters, p.extra);
  } else if (const auto *source = command.operation_as_Copy()) {
    CopyParams p = copy(*source);
    VISIR_CUDA_TRY(api, MemcpyAsync, p.toDevice, p.fromDevice, p.width, stream);
  } else {
    FillParams p = fill(*command.operation_as_Fill());
    VISIR_CUDA_TRY(api, MemsetD8Async, p.to,
                   static_cast<unsigned char>(p.value), p.width, stream);
  }
  return Status();
}

Status GraphWriter::putTensors(bool outputs, Stream stream) {
  uint32_t inputs = sizeOf(entry.inputs());
  uint32_t begin = outputs ? inputs : 0;
  uint32_t end = outputs ? inputs + sizeOf(entry.outputs()) : inputs;
  for (uint32_t t = begin; t < end; ++t) {
    CopyParams p = tensorCopy(t);
    // One address space: the host's memory has an address on the device.
    DevicePointer host = session.host.onDevice() + prepared.tensorOffsets[t];
    if (p.width != 0)
      VISIR_CUDA_TRY(api, MemcpyAsync, outputs ? host : p.toDevice,
                     outputs ? p.fromDevice : host, p.width, stream);
  }
  return Status();
}

} // namespace visir::runtime::cuda
