// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/cuda/driver/cuda_session.h"

#include "targets/cuda/abi/kernel_abi.h"
#include "targets/cuda/driver/cuda_graph.h"

#include <string.h>

namespace visir::runtime::cuda {
namespace {

constexpr uint64_t kAlignment = VISIR_CUDA_WORKSPACE_ALIGNMENT;
// Distance of the values of two symbols, which are bindings.
constexpr uint64_t kSymbolStride = VISIR_CUDA_BINDING_ALIGNMENT;

Status noMemory() {
  return Status::error(StatusCode::outOfMemory, "no memory for a session");
}

void destroyGraph(const Api &api, EntryGraph &graph) {
  if (graph.exec)
    (void)api.GraphExecDestroy(graph.exec);
  if (graph.graph)
    (void)api.GraphDestroy(graph.graph);
}

} // namespace

Session::~Session() {
  if (!code)
    return;
  Current current(code->device);
  if (pending)
    (void)api().EventSynchronize(done);
  for (PreparedEntry &entry : entries) {
    destroyGraph(api(), entry.staged);
    destroyGraph(api(), entry.direct);
  }
  for (Event event : times)
    if (event)
      (void)api().EventDestroy(event);
  if (done)
    (void)api().EventDestroy(done);
  if (stream)
    (void)api().StreamDestroy(stream);
  memory.release();
  states.release();
  host.release();
}

// Finds places for all but the arena's content, and counts what is needed.
Status Session::plan(Needs *needs) {
  const schema::Program &program = *code->program;
  if (!entries.allocate(code->allocator, sizeOf(program.entries())) ||
      !stateOffsets.allocate(code->allocator, sizeOf(program.states())))
    return noMemory();
  // The verifier bounds the number and size of all that is added up.
  needs->errors = kAlignment; // the word of kernels that cannot fail
  for (uint32_t i = 0; i < entries.size(); ++i)
    VISIR_RETURN_IF_ERROR_AT(planEntry(i, needs), "entry %u", i);
  for (uint32_t i = 0; i < stateOffsets.size(); ++i) {
    stateOffsets[i] = needs->states;
    needs->states += alignUp(program.states()->Get(i)->bytes(), kAlignment);
  }
  tensorsAt = alignUp(needs->arena, kAlignment);
  uint64_t workspacesAt = tensorsAt + needs->tensors;
  for (PreparedEntry &entry : entries) {
    for (uint64_t &offset : entry.errorOffsets)
      offset += needs->tensors;
    for (uint64_t &offset : entry.workspaceOffsets)
      offset += offset == kNoOffset ? 0 : workspacesAt;
  }
  return Status();
}

Status Session::planEntry(uint32_t index, Needs *needs) {
  const schema::Entry &source = entry(index);
  PreparedEntry &prepared = entries[index];
  const Allocator &allocator = code->allocator;
  uint32_t tensors = sizeOf(source.inputs()) + sizeOf(source.outputs());
  uint32_t commands = sizeOf(source.commands());
  if (!prepared.tensorOffsets.allocate(allocator, tensors) ||
      !prepared.errorOffsets.allocate(allocator, commands) ||
      !prepared.workspaceOffsets.allocate(allocator, commands) ||
      !prepared.firstScalar.allocate(allocator, commands))
    return noMemory();
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < tensors; ++i) {
    prepared.tensorOffsets[i] = bytes;
    bytes += alignUp(tensorOf(source, i).bytes(), kAlignment);
  }
  needs->tensors = bytes > needs->tensors ? bytes : needs->tensors;
  if (source.arena_bytes() > needs->arena)
    needs->arena = source.arena_bytes();
  needs->commands = commands > needs->commands ? commands : needs->commands;
  uint32_t symbols = sizeOf(source.symbols());
  needs->symbols = symbols > needs->symbols ? symbols : needs->symbols;
  uint64_t workspace = 0;
  uint32_t scalarCount = 0;
  for (uint32_t i = 0; i < commands; ++i) {
    prepared.errorOffsets[i] = 0;
    prepared.workspaceOffsets[i] = kNoOffset;
    prepared.firstScalar[i] = scalarCount;
    const auto *dispatch = source.commands()->Get(i)->operation_as_Dispatch();
    if (!dispatch)
      continue;
    scalarCount += sizeOf(dispatch->scalars());
    const schema::Function &function =
        *code->program->functions()->Get(dispatch->function());
    if (function.can_fail()) {
      prepared.errorOffsets[i] = needs->errors;
      needs->errors += sizeof(int32_t);
    }
    if (function.scratch_bytes() != 0) {
      prepared.workspaceOffsets[i] = workspace;
      if (!checkedAdd(workspace, alignUp(function.scratch_bytes(), kAlignment),
                      &workspace))
        return noMemory();
    }
  }
  if (workspace > needs->workspace)
    needs->workspace = workspace;
  if (!prepared.scalars.allocate(allocator, scalarCount))
    return noMemory();
  for (uint32_t i = 0; i < commands; ++i) {
    const auto *dispatch = source.commands()->Get(i)->operation_as_Dispatch();
    for (uint32_t s = 0; dispatch && s < sizeOf(dispatch->scalars()); ++s)
      prepared.scalars[prepared.firstScalar[i] + s] =
          dispatch->scalars()->Get(s)->value();
  }
  return Status();
}

Status Session::open(Code &loaded, uint64_t memoryLimit) {
  code = &loaded;
  Needs needs;
  VISIR_RETURN_IF_ERROR(plan(&needs));
  uint64_t onDevice = tensorsAt + needs.tensors;
  symbolsAt = alignUp(needs.tensors + needs.errors, kAlignment);
  uint64_t onHost = symbolsAt + needs.symbols * kSymbolStride;
  uint64_t total = 0;
  if (!checkedAdd(onDevice, needs.workspace, &onDevice) ||
      !checkedAdd(onDevice, onHost + needs.states, &total) ||
      total > memoryLimit)
    return Status::error(StatusCode::outOfMemory,
                         "memory of a session is %llu bytes, expected at most "
                         "%llu",
                         wide(total), wide(memoryLimit));
  uint32_t most = 0;
  for (const PreparedEntry &entry : entries)
    most = entry.tensorOffsets.size() > most
               ? static_cast<uint32_t>(entry.tensorOffsets.size())
               : most;
  if (!earlier.allocate(code->allocator, needs.commands + most) ||
      !places.allocate(code->allocator, most))
    return noMemory();
  Current current(code->device);
  VISIR_RETURN_IF_ERROR(current.status());
  VISIR_RETURN_IF_ERROR_AT(memory.allocate(api(), onDevice, false),
                           "device memory of %llu bytes", wide(onDevice));
  VISIR_RETURN_IF_ERROR_AT(host.allocate(api(), onHost),
                           "host memory of %llu bytes", wide(onHost));
  VISIR_RETURN_IF_ERROR_AT(states.allocate(api(), needs.states, true),
                           "states of %llu bytes", wide(needs.states));
  if (needs.workspace != 0)
    VISIR_CUDA_TRY(api(), MemsetD8, memory.get() + onDevice - needs.workspace,
                   0, needs.workspace);
  VISIR_CUDA_TRY(api(), StreamCreate, &stream, kStreamNonBlocking);
  VISIR_CUDA_TRY(api(), EventCreate, &done, kEventDisableTiming);
  for (uint32_t i = 0; i < entries.size(); ++i) {
    for (size_t t = 0; t < entries[i].tensorOffsets.size(); ++t)
      places[t] = memory.get() + tensorsAt + entries[i].tensorOffsets[t];
    EntryGraph &graph = entries[i].staged;
    GraphWriter writer(*this, i, places.data());
    VISIR_RETURN_IF_ERROR_AT(writer.build(graph, true, earlier.data()),
                             "entry %u", i);
    VISIR_CUDA_TRY(api(), GraphUpload, graph.exec, stream);
  }
  VISIR_CUDA_TRY(api(), StreamSynchronize, stream);
  return Status();
}

DevicePointer Session::address(const schema::Entry &source,
                               const DevicePointer *tensors,
                               const schema::BindingRef &ref) const {
  uint64_t offset = ref.offset();
  switch (ref.kind()) {
  case schema::BufferKind::arena:
    return memory.get() + offset;
  case schema::BufferKind::constant:
    return code->constants.get() + code->constantOffsets[ref.index()] + offset;
  case schema::BufferKind::state:
    return states.get() + stateOffsets[ref.index()] + offset;
  case schema::BufferKind::length:
    return host.onDevice() + symbolsAt + ref.index() * kSymbolStride + offset;
  case schema::BufferKind::output:
    return tensors[sizeOf(source.inputs()) + ref.index()] + offset;
  default:
    return tensors[ref.index()] + offset;
  }
}

// No run is under way that could look at those of an earlier one.
void Session::setSymbols(const EntryRun &run) {
  for (uint64_t i = 0; i < run.symbolCount; ++i)
    memcpy(host.data() + symbolsAt + i * kSymbolStride, &run.symbols[i],
           sizeof(run.symbols[i]));
}

// Runs of a session use the same memory: each begins behind the one before.
Status Session::launch(GraphExec exec, Stream on) {
  if (pending && on != lastStream)
    VISIR_CUDA_TRY(api(), StreamWaitEvent, on, done, 0);
  VISIR_CUDA_TRY(api(), GraphLaunch, exec, on);
  VISIR_CUDA_TRY(api(), EventRecord, done, on);
  pending = true;
  lastStream = on;
  return Status();
}

Status Session::start(EntryRun *run, EntryGraph &graph,
                      const DevicePointer *tensors, bool isStaged, Stream on) {
  PreparedEntry &prepared = entries[run->entry];
  if (run->scalarCount)
    memcpy(prepared.scalars.data(), run->scalars,
           run->scalarCount * sizeof(uint32_t));
  GraphWriter writer(*this, run->entry, tensors);
  if (graph.exec) {
    VISIR_RETURN_IF_ERROR(writer.update(graph));
  } else {
    // What an attempt that failed has left.
    destroyGraph(api(), graph);
    graph.graph = nullptr;
    VISIR_RETURN_IF_ERROR(writer.build(graph, isStaged, earlier.data()));
  }
  return launch(graph.exec, on);
}

Status Session::run(EntryRun *run) {
  Current current(code->device);
  VISIR_RETURN_IF_ERROR(current.status());
  PreparedEntry &prepared = entries[run->entry];
  for (size_t t = 0; t < prepared.tensorOffsets.size(); ++t)
    places[t] = memory.get() + tensorsAt + prepared.tensorOffsets[t];
  setSymbols(*run);
  if (run->commandNs)
    VISIR_RETURN_IF_ERROR(measure(run));
  else
    VISIR_RETURN_IF_ERROR(
        start(run, prepared.staged, places.data(), true, stream));
  VISIR_CUDA_TRY(api(), StreamSynchronize, stream);
  pending = false;
  takeErrors(run);
  return run->commandNs ? readTimes(run) : Status();
}

Status Session::checkTensors(uint32_t index, void *const *tensors) const {
  const schema::Entry &source = entry(index);
  uint32_t inputs = sizeOf(source.inputs());
  for (uint32_t i = 0; i < entries[index].tensorOffsets.size(); ++i) {
    const schema::Tensor &tensor = tensorOf(source, i);
    auto where = reinterpret_cast<DevicePointer>(tensors[i]);
    if (tensor.bytes() == 0)
      continue;
    const char *kind = i < inputs ? "input" : "output";
    const char *name = tensor.name()->c_str();
    if (where % VISIR_CUDA_BINDING_ALIGNMENT)
      return Status::error(StatusCode::invalidArgument,
                           "%s \"%.48s\": address is 0x%llx, expected a "
                           "multiple of %u",
                           kind, name, wide(where),
                           VISIR_CUDA_BINDING_ALIGNMENT);
    int type = 0, ordinal = -1;
    bool known = api().PointerGetAttribute(&type, kPointerMemoryType, where) ==
                     kSuccess &&
                 api().PointerGetAttribute(&ordinal, kPointerDeviceOrdinal,
                                           where) == kSuccess;
    if (!known || type != kMemoryDevice ||
        ordinal != code->device.properties.number)
      return Status::error(StatusCode::invalidArgument,
                           "%s \"%.48s\": memory at 0x%llx is not the "
                           "device's, expected memory of cuda:%d",
                           kind, name, wide(where), code->device.index);
  }
  return Status();
}

Status Session::enqueue(EntryRun *run, void *const *tensors, void *on) {
  Current current(code->device);
  VISIR_RETURN_IF_ERROR(current.status());
  VISIR_RETURN_IF_ERROR(checkTensors(run->entry, tensors));
  PreparedEntry &prepared = entries[run->entry];
  for (size_t t = 0; t < prepared.tensorOffsets.size(); ++t)
    places[t] = reinterpret_cast<DevicePointer>(tensors[t]);
  return start(run, prepared.direct, places.data(), false,
               static_cast<Stream>(on));
}

Status Session::wait(EntryRun *run) {
  Current current(code->device);
  VISIR_RETURN_IF_ERROR(current.status());
  if (pending)
    VISIR_CUDA_TRY(api(), EventSynchronize, done);
  pending = false;
  takeErrors(run);
  return Status();
}

// One command after another, each between two events.
Status Session::measure(EntryRun *run) {
  PreparedEntry &prepared = entries[run->entry];
  if (times.size() == 0) {
    if (!times.allocate(code->allocator, earlier.size() + 1)) // enough for all
      return noMemory();
    for (Event &event : times)
      VISIR_CUDA_TRY(api(), EventCreate, &event, kEventDefault);
  }
  if (run->scalarCount)
    memcpy(prepared.scalars.data(), run->scalars,
           run->scalarCount * sizeof(uint32_t));
  if (pending && lastStream != stream)
    VISIR_CUDA_TRY(api(), StreamWaitEvent, stream, done, 0);
  GraphWriter writer(*this, run->entry, places.data());
  VISIR_RETURN_IF_ERROR(writer.putTensors(false, stream));
  VISIR_CUDA_TRY(api(), EventRecord, times[0], stream);
  for (uint32_t i = 0; i < sizeOf(entry(run->entry).commands()); ++i) {
    VISIR_RETURN_IF_ERROR_AT(writer.put(i, stream), "command %u", i);
    VISIR_CUDA_TRY(api(), EventRecord, times[i + 1], stream);
  }
  return writer.putTensors(true, stream);
}

Status Session::readTimes(EntryRun *run) const {
  uint64_t before = 0;
  for (uint32_t i = 0; i < sizeOf(entry(run->entry).commands()); ++i) {
    float milliseconds = 0;
    VISIR_CUDA_TRY(api(), EventElapsedTime, &milliseconds, times[0],
                   times[i + 1]);
    uint64_t end = static_cast<uint64_t>(milliseconds * 1e6f);
    end = end > before ? end : before;
    run->startNs[i] = before;
    run->commandNs[i] = end - before;
    before = end;
  }
  return Status();
}

// Finds the first error of any entry and clears all.
void Session::takeErrors(EntryRun *run) {
  for (uint32_t e = 0; e < entries.size(); ++e) {
    const Array<uint64_t> &offsets = entries[e].errorOffsets;
    for (uint32_t i = 0; i < offsets.size(); ++i) {
      int32_t error;
      memcpy(&error, host.data() + offsets[i], sizeof(error));
      if (error == 0)
        continue;
      memset(host.data() + offsets[i], 0, sizeof(error));
      if (run->error != 0)
        continue;
      run->entry = e;
      run->failedCommand = i;
      run->error = error;
    }
  }
}

} // namespace visir::runtime::cuda
