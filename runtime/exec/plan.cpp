// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec/plan.h"

#include "runtime/artifact/manifest_access.h"

namespace visir::runtime {
namespace {

bool isTensor(const schema::BindingRef &ref) {
  return ref.kind() == schema::BufferKind::input ||
         ref.kind() == schema::BufferKind::output;
}

// At least one, so that every command has some.
uint32_t copyTiles(uint64_t bytes) {
  uint64_t tiles = (bytes + kCopyTileBytes - 1) / kCopyTileBytes;
  return tiles ? static_cast<uint32_t>(tiles) : 1;
}

} // namespace

Status EntryPlan::build(const Module &module, const schema::Entry &entry,
                        const SessionMemory &memory) {
  source = &entry;
  uint32_t commandCount = sizeOf(entry.commands());
  Counts needed;
  for (uint32_t i = 0; i < commandCount; ++i)
    count(*entry.commands()->Get(i), &needed);
  if (memory.onDevice)
    needed.tensors = 0;
  const Allocator &allocator = module.context().allocator();
  if (!commands.allocate(allocator, commandCount) ||
      !pointers.allocate(allocator, needed.pointers) ||
      !tensorPointers.allocate(allocator, needed.tensors) ||
      !scalars.allocate(allocator, needed.scalars) ||
      !runScalars.allocate(allocator, needed.runScalars))
    return Status::error(StatusCode::outOfMemory, "no memory for %u commands",
                         commandCount);
  WaveRule rule;
  uint32_t waveCount = 0;
  for (uint32_t i = 0; i < commandCount; ++i) {
    plan(module, memory, i);
    PlannedCommand &command = commands[i];
    command.parallel &= command.tileEnd - command.tileBegin > 1;
    parallel |= command.parallel;
    waveCount += rule.barrierBefore(*entry.commands()->Get(i), i) || i == 0;
  }
  if (!waves.allocate(allocator, waveCount))
    return Status::error(StatusCode::outOfMemory, "no memory for %u waves",
                         waveCount);
  planWaves();
  return Status();
}

void EntryPlan::planWaves() {
  WaveRule rule;
  uint32_t next = 0;
  for (uint32_t i = 0; i < commands.size(); ++i) {
    if (rule.barrierBefore(*source->commands()->Get(i), i) || i == 0)
      waves[next++] = {i, i, 0};
    Wave &wave = waves[next - 1];
    wave.end = i + 1;
    wave.tiles += commands[i].tileEnd - commands[i].tileBegin;
  }
}

uint64_t EntryPlan::bytes() const {
  return commands.size() * sizeof(commands[0]) +
         pointers.size() * sizeof(pointers[0]) +
         tensorPointers.size() * sizeof(tensorPointers[0]) +
         scalars.size() * sizeof(scalars[0]) +
         runScalars.size() * sizeof(runScalars[0]) +
         waves.size() * sizeof(waves[0]);
}

void EntryPlan::count(const schema::Command &command, Counts *counts) const {
  auto countRef = [&](const schema::BindingRef &ref) {
    ++counts->pointers;
    counts->tensors += isTensor(ref);
  };
  if (const auto *copy = command.operation_as_Copy()) {
    countRef(*copy->destination());
    countRef(*copy->source());
  } else if (const auto *fill = command.operation_as_Fill()) {
    countRef(*fill->destination());
  } else if (const auto *dispatch = command.operation_as_Dispatch()) {
    for (uint32_t i = 0; i < sizeOf(dispatch->bindings()); ++i)
      countRef(*dispatch->bindings()->Get(i));
    uint32_t count = sizeOf(dispatch->scalars());
    counts->scalars += count;
    for (uint32_t i = 0; i < count; ++i)
      counts->runScalars +=
          dispatch->scalars()->Get(i)->kind() != schema::ScalarKind::constant;
  }
}

void EntryPlan::bind(const Module &module, const SessionMemory &memory,
                     const schema::BindingRef &ref) {
  void **slot = &pointers[used.pointers++];
  if (memory.onDevice)
    return;
  uint8_t *base = nullptr;
  switch (ref.kind()) {
  case schema::BufferKind::arena:
    base = memory.arena;
    break;
  case schema::BufferKind::state:
    base = memory.states[ref.index()];
    break;
  case schema::BufferKind::constant:
    // The verifier refused to write to constants.
    base = const_cast<uint8_t *>(module.constant(ref.index()));
    break;
  case schema::BufferKind::length:
    base = memory.lengths + ref.index() * kLengthStride;
    break;
  case schema::BufferKind::input:
  case schema::BufferKind::output: {
    bool output = ref.kind() == schema::BufferKind::output;
    uint32_t tensor = ref.index() + (output ? sizeOf(source->inputs()) : 0);
    tensorPointers[used.tensors++] = {slot, tensor, ref.offset()};
    return;
  }
  }
  // Adding to a null arena of no bytes would be undefined.
  *slot = ref.offset() ? base + ref.offset() : base;
}

void EntryPlan::planScalar(const schema::Scalar &scalar,
                           const schema::ScalarRange &range, uint32_t command,
                           uint32_t index) {
  uint32_t *slot = &scalars[used.scalars++];
  if (scalar.kind() == schema::ScalarKind::constant) {
    *slot = scalar.value();
    return;
  }
  runScalars[used.runScalars++] = {slot,        scalar.kind(), scalar.value(),
                                   range.min(), range.max(),   command,
                                   index};
}

void EntryPlan::planDispatch(const Module &module, const SessionMemory &memory,
                             const schema::Dispatch &dispatch, uint32_t index) {
  const schema::Function &function =
      *module.program().functions()->Get(dispatch.function());
  PlannedCommand &planned = commands[index];
  planned.function = memory.onDevice ? nullptr : module.function(function);
  planned.tileBegin = dispatch.tile_begin();
  planned.tileEnd = dispatch.tile_end();
  planned.parallel = dispatch.parallel();
  if (dispatch.live_symbol() >= 0 && !memory.onDevice) {
    planned.liveSize = memory.lengths + dispatch.live_symbol() * kLengthStride;
    planned.liveDivisor = dispatch.live_divisor();
    planned.liveCount = dispatch.live_count();
    planned.liveStep = dispatch.live_step();
  }
  for (uint32_t i = 0; i < sizeOf(dispatch.bindings()); ++i)
    bind(module, memory, *dispatch.bindings()->Get(i));
  planned.scalars = scalars.data() + used.scalars;
  for (uint32_t i = 0; i < sizeOf(dispatch.scalars()); ++i)
    planScalar(*dispatch.scalars()->Get(i), *function.scalars()->Get(i), index,
               i);
}

void EntryPlan::plan(const Module &module, const SessionMemory &memory,
                     uint32_t index) {
  const schema::Command &command = *source->commands()->Get(index);
  PlannedCommand &planned = commands[index];
  planned.kind = command.operation_type();
  planned.bindings = pointers.data() + used.pointers;
  if (const auto *dispatch = command.operation_as_Dispatch()) {
    planDispatch(module, memory, *dispatch, index);
    return;
  }
  if (const auto *copy = command.operation_as_Copy()) {
    bind(module, memory, *copy->destination());
    bind(module, memory, *copy->source());
    planned.bytes = copy->destination()->size();
  } else if (const auto *fill = command.operation_as_Fill()) {
    bind(module, memory, *fill->destination());
    planned.bytes = fill->destination()->size();
    planned.fillValue = fill->value();
  }
  planned.tileEnd = copyTiles(planned.bytes);
  planned.parallel = true;
}

} // namespace visir::runtime
