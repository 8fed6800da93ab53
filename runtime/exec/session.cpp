// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/session.h"

#include "runtime/artifact/manifest_access.h"
#include "runtime/base/checked.h"

#include <stdio.h>

namespace visir::runtime {
namespace {

constexpr uint64_t kAlignment = 64;
// Keeps the scratch of two threads out of one prefetched pair of lines.
constexpr uint64_t kScratchAlignment = 128;

uint64_t larger(uint64_t a, uint64_t b) { return a > b ? a : b; }

// Bytes of all tensors of the list, each aligned. The verifier bounds their
// number and size, so nothing overflows.
template <typename Tensors> uint64_t alignedBytes(const Tensors *tensors) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < sizeOf(tensors); ++i)
    bytes += alignUp(tensors->Get(i)->bytes(), kAlignment);
  return bytes;
}

// Whether a view is as large as the tensor can be.
bool isLargest(const schema::Tensor &tensor, const TensorView &view) {
  for (uint32_t i = 0; i < sizeOf(tensor.dims()); ++i)
    if (static_cast<uint64_t>(view.dims[i]) != tensor.dims()->Get(i)->value())
      return false;
  return true;
}

// Whether a kernel looks at the value of a symbol in memory.
bool readsLengths(const schema::Entry &entry) {
  for (uint32_t i = 0; i < sizeOf(entry.commands()); ++i) {
    const auto *dispatch = entry.commands()->Get(i)->operation_as_Dispatch();
    for (uint32_t j = 0; dispatch && j < sizeOf(dispatch->bindings()); ++j)
      if (dispatch->bindings()->Get(j)->kind() == schema::BufferKind::length)
        return true;
  }
  return false;
}

// Whether a run depends on sizes, or leaves some behind.
bool isBounded(const schema::Entry &entry) {
  return readsLengths(entry) || sizeOf(entry.state_lengths()) != 0;
}

Status wrongCount(const char *what, uint32_t actual, uint32_t expected) {
  return Status::error(StatusCode::invalidArgument,
                       "%s count is %u, expected %u", what, actual, expected);
}

// Reads an integer of any width; false when it is negative or too large.
bool readScalar(schema::DType dtype, const void *data, uint64_t *value) {
  int64_t result = 0;
  uint32_t bytes = dtypeBytes(dtype);
  memcpy(&result, data, bytes); // little-endian, as the artifact
  bool isSigned = dtype == schema::DType::i8 || dtype == schema::DType::i16 ||
                  dtype == schema::DType::i32 || dtype == schema::DType::i64;
  uint32_t unused = 64 - 8 * bytes;
  if (isSigned)
    result =
        static_cast<int64_t>(static_cast<uint64_t>(result) << unused) >> unused;
  *value = static_cast<uint64_t>(result);
  return !isSigned || result >= 0;
}

} // namespace

Status Session::make(Module &module, bool profile, Session **out) {
  if (!module.driver())
    return Status::error(StatusCode::invalidArgument,
                         "module is open for inspection only, expected one "
                         "that is loaded");
  Session *session = create<Session>(module.context().allocator());
  if (!session)
    return Status::error(StatusCode::outOfMemory, "no memory for a session");
  module.retain();
  session->owner = &module;
  session->profiling = profile;
  Status status = session->allocateMemory();
  if (!status.ok()) {
    session->release();
    return status;
  }
  session->reset();
  *out = session;
  return status;
}

void Session::release() {
  Module *module = owner;
  destroy(module->context().allocator(), this);
  module->release();
}

Session::~Session() {
  if (deviceSession)
    device()->close(deviceSession);
}

Status Session::findNeeds(Needs *needs) const {
  const schema::Program &program = owner->program();
  uint64_t scratchOfThread = 0;
  for (uint32_t i = 0; i < sizeOf(program.functions()); ++i)
    scratchOfThread =
        larger(scratchOfThread, program.functions()->Get(i)->scratch_bytes());
  scratchOfThread = alignUp(scratchOfThread, kScratchAlignment);
  needs->scratch = scratchOfThread * owner->context().threadCount();
  for (uint32_t i = 0; i < sizeOf(program.states()); ++i)
    needs->states += alignUp(program.states()->Get(i)->bytes(), kAlignment);
  for (const schema::Entry *entry : *program.entries()) {
    uint32_t tensors = sizeOf(entry->inputs()) + sizeOf(entry->outputs());
    needs->arena = larger(needs->arena, entry->arena_bytes());
    needs->staging = larger(needs->staging, alignedBytes(entry->inputs()) +
                                                alignedBytes(entry->outputs()));
    if (tensors > needs->tensors)
      needs->tensors = tensors;
    if (sizeOf(entry->commands()) > needs->commands)
      needs->commands = sizeOf(entry->commands());
    if (sizeOf(entry->symbols()) > needs->symbols)
      needs->symbols = sizeOf(entry->symbols());
  }
  if (device()) {
    // The driver takes the memory.
    needs->arena = needs->scratch = needs->staging = needs->states = 0;
    return Status();
  }
  uint64_t total =
      needs->arena + needs->scratch + needs->staging + needs->states;
  uint64_t limit = owner->context().options().memoryLimit;
  if (total > limit)
    return Status::error(StatusCode::outOfMemory,
                         "memory of a session is %llu bytes, expected at most "
                         "%llu",
                         static_cast<unsigned long long>(total),
                         static_cast<unsigned long long>(limit));
  return Status();
}

Status Session::allocateMemory() {
  Needs needs;
  VISIR_RETURN_IF_ERROR(findNeeds(&needs));
  const Allocator &allocator = owner->context().allocator();
  uint32_t threads = owner->context().threadCount();
  scratchBytes = needs.scratch / threads;
  const schema::Program &program = owner->program();
  uint64_t progressCount = threads * alignUp(needs.commands, 16);
  bool allocated =
      arena.allocate(allocator, needs.arena, kAlignment) &&
      scratch.allocate(allocator, needs.scratch, kScratchAlignment) &&
      staging.allocate(allocator, needs.staging, kAlignment) &&
      stateMemory.allocate(allocator, needs.states, kAlignment) &&
      states.allocate(allocator, sizeOf(program.states())) &&
      plans.allocate(allocator, program.entries()->size()) &&
      progress.allocate(allocator, progressCount, kAlignment) &&
      views.allocate(allocator, needs.tensors) &&
      layouts.allocate(allocator, needs.tensors) &&
      bases.allocate(allocator, needs.tensors) &&
      deviceTensors.allocate(allocator, device() ? needs.tensors : 0) &&
      symbols.allocate(allocator, needs.symbols) &&
      lengths.allocate(allocator, needs.symbols * kLengthStride, kAlignment) &&
      stateLengths.allocate(allocator, sizeOf(program.states())) &&
      commandTimes.allocate(allocator, needs.commands) &&
      startTimes.allocate(allocator, needs.commands);
  if (!allocated)
    return Status::error(StatusCode::outOfMemory, "no memory for a session");

  totalBytes = needs.arena + needs.scratch + needs.staging + needs.states +
               progressCount * sizeof(uint32_t);
  if (device()) {
    VISIR_RETURN_IF_ERROR(openDevice());
  } else {
    uint8_t *next = stateMemory.data();
    for (uint32_t i = 0; i < states.size(); ++i) {
      states[i] = next;
      next += alignUp(program.states()->Get(i)->bytes(), kAlignment);
    }
  }
  SessionMemory memory = {device() != nullptr, arena.data(), states.data(),
                          lengths.data()};
  for (uint32_t i = 0; i < plans.size(); ++i) {
    VISIR_RETURN_IF_ERROR(
        plans[i].build(*owner, *program.entries()->Get(i), memory));
    totalBytes += plans[i].bytes();
  }
  return Status();
}

Status Session::openDevice() {
  uint64_t limit = owner->context().options().memoryLimit;
  VISIR_RETURN_IF_ERROR(
      device()->open(owner->driverCode(), limit, &deviceSession));
  for (uint32_t i = 0; i < states.size(); ++i)
    states[i] = device()->state(deviceSession, i);
  totalBytes += device()->memoryBytes(deviceSession);
  return Status();
}

void Session::reset() {
  const schema::Program &program = owner->program();
  for (uint32_t i = 0; i < states.size(); ++i) {
    const schema::State &state = *program.states()->Get(i);
    stateLengths[i] = 0;
    if (state.initial() < 0)
      memset(states[i], 0, state.bytes());
    else
      memcpy(states[i], owner->constant(state.initial()), state.bytes());
  }
}

int64_t Session::findState(const char *name) const {
  const auto *all = owner->program().states();
  for (uint32_t i = 0; i < states.size(); ++i)
    if (strcmp(all->Get(i)->name()->c_str(), name) == 0)
      return i;
  return -1;
}

Status Session::state(const char *name, void **data, uint64_t *bytes) {
  int64_t index = findState(name);
  if (index < 0)
    return Status::error(StatusCode::notFound, "state \"%.64s\" does not exist",
                         name);
  *data = states[index];
  *bytes = owner->program().states()->Get(static_cast<uint32_t>(index))->bytes();
  return Status();
}

uint64_t *Session::stateLength(const char *name) {
  int64_t index = findState(name);
  return index < 0 ? nullptr : &stateLengths[index];
}

void Session::warmup() {
  // Memory of the session was written when it was made.
  volatile uint8_t sink = 0;
  size_t page = pageBytes();
  for (const SectionBytes &section : owner->sections())
    for (uint64_t i = 0; i < section.size; i += page)
      sink = static_cast<uint8_t>(sink + section.data[i]);
}

Status Session::checkTensors(const schema::Entry &entry,
                             const TensorView *inputs,
                             const TensorView *outputs) {
  uint32_t inputCount = sizeOf(entry.inputs());
  uint32_t count = inputCount + sizeOf(entry.outputs());
  VISIR_RETURN_IF_ERROR(resolveSymbols(owner->program(), entry, inputs,
                                       stateLengths, symbols.data()));
  for (uint32_t i = 0; i < count; ++i) {
    bool output = i >= inputCount;
    const schema::Tensor &expected = tensorOf(entry, i);
    views[i] = output ? outputs[i - inputCount] : inputs[i];
    VISIR_RETURN_IF_ERROR_AT(
        checkTensor(entry, expected, views[i], symbols.data(), &layouts[i]),
        "%s %u \"%.48s\"", output ? "output" : "input",
        output ? i - inputCount : i, expected.name()->c_str());
  }
  for (uint32_t i = inputCount; i < count; ++i)
    for (uint32_t j = 0; j < i; ++j)
      if (tensorsOverlap(views[i], layouts[i], views[j], layouts[j]))
        return Status::error(StatusCode::invalidArgument,
                             "output %u \"%.48s\" shares memory with \"%.48s\","
                             " expected no overlap",
                             i - inputCount, tensorOf(entry, i).name()->c_str(),
                             tensorOf(entry, j).name()->c_str());
  return Status();
}

// Data of fewer elements than kernels were promised is staged.
bool Session::inPlace(const schema::Tensor &tensor, uint32_t index) const {
  const TensorView &view = views[index];
  return reinterpret_cast<uintptr_t>(view.data) % kAlignment == 0 &&
         layouts[index].dense && isLargest(tensor, view);
}

// Decides for each tensor where commands find it, copies inputs that cannot be
// used in place, and sets the pointers of the plan.
void Session::placeTensors(uint32_t index, const EntryPlan &plan) {
  const schema::Entry &entry = plan.entry();
  uint32_t inputCount = sizeOf(entry.inputs());
  uint32_t count = inputCount + sizeOf(entry.outputs());
  uint64_t offset = 0; // in the staging memory, which a device does not need
  for (uint32_t i = 0; i < count; ++i) {
    const schema::Tensor &tensor = tensorOf(entry, i);
    bool direct = !device() && inPlace(tensor, i);
    if (direct)
      bases[i] = static_cast<uint8_t *>(views[i].data);
    else if (device())
      bases[i] = device()->tensor(deviceSession, index, i);
    else
      bases[i] = staging.data() + offset;
    if (!direct && i < inputCount)
      gather(views[i], tensor, bases[i]);
    offset += alignUp(tensor.bytes(), kAlignment);
  }
  for (const TensorPointer &pointer : plan.tensorPointers)
    *pointer.slot = bases[pointer.tensor] + pointer.offset;
}

void Session::setLengths(const schema::Entry &entry) {
  for (uint32_t i = 0; i < sizeOf(entry.symbols()); ++i)
    memcpy(lengths.data() + i * kLengthStride, &symbols[i], sizeof(symbols[i]));
}

// Hands out what was staged, and takes over the lengths of states.
void Session::finishRun(const EntryPlan &plan) {
  const schema::Entry &entry = plan.entry();
  uint32_t inputCount = sizeOf(entry.inputs());
  uint32_t count = inputCount + sizeOf(entry.outputs());
  for (uint32_t i = inputCount; i < count; ++i)
    if (bases[i] != views[i].data)
      scatter(bases[i], tensorOf(entry, i), views[i]);
  for (uint32_t i = 0; i < sizeOf(entry.state_lengths()); ++i) {
    const schema::StateLength &length = *entry.state_lengths()->Get(i);
    if (length.after() >= 0)
      stateLengths[length.state()] =
          static_cast<uint64_t>(symbols[length.after()]);
  }
}

Status Session::setScalars(const EntryPlan &plan) {
  const schema::Entry &entry = plan.entry();
  for (const RunScalar &scalar : plan.runScalars) {
    uint64_t value = 0;
    bool valid = true;
    if (scalar.kind == schema::ScalarKind::symbol) {
      value = static_cast<uint64_t>(symbols[scalar.source]);
      valid = symbols[scalar.source] >= 0;
    } else {
      valid = readScalar(entry.inputs()->Get(scalar.source)->dtype(),
                         views[scalar.source].data, &value);
    }
    if (!valid || value < scalar.min || value > scalar.max)
      return Status::error(StatusCode::invalidArgument,
                           "scalar %u of command %u is %lld, expected %u..%u",
                           scalar.index, scalar.command,
                           static_cast<long long>(value), scalar.min,
                           scalar.max);
    *scalar.slot = static_cast<uint32_t>(value);
  }
  return Status();
}

Status Session::report(const EntryPlan &plan, uint64_t failure) const {
  uint32_t index = static_cast<uint32_t>(failure >> 32);
  const schema::Command &command = *plan.entry().commands()->Get(index);
  const schema::Dispatch &dispatch = *command.operation_as_Dispatch();
  const char *node = "";
  if (sizeOf(command.source_nodes()) != 0)
    node = owner->artifact()
               .manifest()
               .source_names()
               ->Get(command.source_nodes()->Get(0))
               ->c_str();
  return Status::error(
      StatusCode::kernelFailed,
      "command %u (%.48s, node \"%.48s\") returned %d, expected 0", index,
      owner->program().functions()->Get(dispatch.function())->name()->c_str(),
      node, static_cast<int32_t>(failure & UINT32_MAX));
}

Status Session::runCommands(const EntryPlan &plan, uint64_t start) {
  WalkRequest request = {&owner->context(),
                         owner->driver(),
                         &plan.commands,
                         &plan.waves,
                         plan.isParallel(),
                         progress.data(),
                         alignUp(plan.commands.size(), 16),
                         scratch.data(),
                         scratchBytes,
                         &cancelled,
                         profiling ? &lastProfile : nullptr,
                         start};
  uint64_t failure = walk(request);
  return failure == kNoFailure ? Status() : report(plan, failure);
}

Status Session::runOnDevice(uint32_t index, const EntryPlan &plan) {
  EntryRun run = {};
  run.entry = index;
  run.scalars = plan.allScalars().data();
  run.scalarCount = plan.allScalars().size();
  run.symbols = symbols.data();
  run.symbolCount = sizeOf(plan.entry().symbols());
  if (profiling) {
    run.startNs = startTimes.data();
    run.commandNs = commandTimes.data();
  }
  VISIR_RETURN_IF_ERROR(device()->run(deviceSession, &run));
  uint64_t failure =
      uint64_t(run.failedCommand) << 32 | static_cast<uint32_t>(run.error);
  return run.error == 0 ? Status() : report(plans[run.entry], failure);
}

Status Session::startOnDevice(uint32_t index, const EntryPlan &plan,
                              void *stream) {
  const schema::Entry &entry = plan.entry();
  if (isBounded(entry))
    return Status::error(StatusCode::unsupported,
                         "entry \"%.48s\" has bounded dimensions, expected "
                         "none with tensors in the device's memory",
                         entry.name()->c_str());
  uint32_t inputCount = sizeOf(entry.inputs());
  for (uint32_t i = 0; i < inputCount + sizeOf(entry.outputs()); ++i) {
    const schema::Tensor &tensor = tensorOf(entry, i);
    if (!layouts[i].dense || !isLargest(tensor, views[i]))
      return Status::error(StatusCode::invalidArgument,
                           "%s \"%.48s\" is not dense or not of its largest "
                           "size, expected both in the device's memory",
                           i < inputCount ? "input" : "output",
                           tensor.name()->c_str());
    deviceTensors[i] = views[i].data;
  }
  for (const RunScalar &scalar : plan.runScalars)
    if (scalar.kind == schema::ScalarKind::input)
      return Status::error(StatusCode::unsupported,
                           "input \"%.48s\" is looked at by the host, expected "
                           "none such with tensors in the device's memory",
                           entry.inputs()->Get(scalar.source)->name()->c_str());
  VISIR_RETURN_IF_ERROR(setScalars(plan));
  EntryRun run = {};
  run.entry = index;
  run.scalars = plan.allScalars().data();
  run.scalarCount = plan.allScalars().size();
  return device()->enqueue(deviceSession, &run, deviceTensors.data(), stream);
}

Status Session::runPlan(uint32_t index, EntryPlan &plan) {
  uint64_t start = nanoseconds();
  placeTensors(index, plan);
  setLengths(plan.entry());
  VISIR_RETURN_IF_ERROR(setScalars(plan));
  lastProfile = {index, 0, 0, commandTimes.data(), startTimes.data()};
  VISIR_RETURN_IF_ERROR(device() ? runOnDevice(index, plan)
                                 : runCommands(plan, start));
  if (cancelled.load(std::memory_order_relaxed))
    return Status::error(StatusCode::cancelled, "run was cancelled");
  finishRun(plan);
  if (profiling)
    lastProfile.commandCount = static_cast<uint32_t>(plan.commands.size());
  lastProfile.totalNs = nanoseconds() - start;
  return Status();
}

Status Session::checkIndex(uint32_t index, uint32_t inputCount) const {
  if (index >= plans.size())
    return Status::error(StatusCode::invalidArgument,
                         "entry is %u, expected less than %zu", index,
                         plans.size());
  uint32_t expected = sizeOf(plans[index].entry().inputs());
  if (inputCount != expected)
    return wrongCount("input", inputCount, expected);
  return Status();
}

Status Session::outputDims(uint32_t index, const TensorView *inputs,
                           uint32_t inputCount, uint32_t output,
                           int64_t *dims) {
  VISIR_RETURN_IF_ERROR(checkIndex(index, inputCount));
  const schema::Entry &entry = plans[index].entry();
  if (output >= sizeOf(entry.outputs()))
    return Status::error(StatusCode::invalidArgument,
                         "output is %u, expected less than %u", output,
                         sizeOf(entry.outputs()));
  if (running.exchange(true, std::memory_order_acquire))
    return Status::error(StatusCode::busy,
                         "session is running, expected one run at a time");
  Status status = resolveSymbols(owner->program(), entry, inputs, stateLengths,
                                 symbols.data());
  const schema::Tensor &tensor = *entry.outputs()->Get(output);
  for (uint32_t i = 0; i < sizeOf(tensor.dims()); ++i) {
    dims[i] = sizeOfDim(*tensor.dims()->Get(i), symbols.data());
    // A run would refuse the input that the size comes from, and say why.
    if (dims[i] < 0)
      dims[i] = static_cast<int64_t>(tensor.dims()->Get(i)->value());
  }
  running.store(false, std::memory_order_release);
  return status;
}

Status Session::begin(uint32_t index, uint32_t inputCount,
                      uint32_t outputCount) {
  VISIR_RETURN_IF_ERROR(checkIndex(index, inputCount));
  uint32_t expected = sizeOf(plans[index].entry().outputs());
  if (outputCount != expected)
    return wrongCount("output", outputCount, expected);
  if (running.exchange(true, std::memory_order_acquire))
    return Status::error(StatusCode::busy,
                         "session is running, expected one run at a time");
  cancelled.store(false, std::memory_order_relaxed);
  return Status();
}

Status Session::run(uint32_t index, const TensorView *inputs,
                    uint32_t inputCount, const TensorView *outputs,
                    uint32_t outputCount) {
  VISIR_RETURN_IF_ERROR(begin(index, inputCount, outputCount));
  EntryPlan &plan = plans[index];
  Status status = checkTensors(plan.entry(), inputs, outputs);
  if (status.ok())
    status = runPlan(index, plan);
  running.store(false, std::memory_order_release);
  return status;
}

Status Session::enqueue(uint32_t index, const TensorView *inputs,
                        uint32_t inputCount, const TensorView *outputs,
                        uint32_t outputCount, void *stream) {
  if (!device() || !device()->enqueue)
    return Status::error(StatusCode::unsupported,
                         "device is %s, expected cuda for tensors in the "
                         "device's memory",
                         owner->driver()->name);
  VISIR_RETURN_IF_ERROR(begin(index, inputCount, outputCount));
  const EntryPlan &plan = plans[index];
  Status status = checkTensors(plan.entry(), inputs, outputs);
  if (status.ok())
    status = startOnDevice(index, plan, stream);
  running.store(false, std::memory_order_release);
  return status;
}

Status Session::wait() {
  if (!device() || !device()->wait)
    return Status();
  if (running.exchange(true, std::memory_order_acquire))
    return Status::error(StatusCode::busy,
                         "session is running, expected one run at a time");
  EntryRun run = {};
  Status status = device()->wait(deviceSession, &run);
  if (status.ok() && run.error != 0)
    status = report(plans[run.entry], uint64_t(run.failedCommand) << 32 |
                                          static_cast<uint32_t>(run.error));
  running.store(false, std::memory_order_release);
  return status;
}

} // namespace visir::runtime
