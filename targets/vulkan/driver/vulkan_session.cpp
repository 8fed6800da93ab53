// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/driver/vulkan_session.h"

#include "targets/vulkan/driver/vulkan_record.h"

#include <string.h>

namespace visir::runtime::vulkan {

namespace {

Status noMemory() {
  return Status::error(StatusCode::outOfMemory, "no memory for a session");
}

} // namespace

Session::~Session() {
  if (!code)
    return;
  Device &device = code->device;
  device.api.DestroyDescriptorPool(device.handle, descriptorPool, nullptr);
  device.api.DestroyQueryPool(device.handle, times, nullptr);
}

// Finds places for all but the arena's content, and counts what is needed.
Status Session::plan(Needs *needs) {
  const schema::Program &program = *code->program;
  if (!entries.allocate(code->allocator, sizeOf(program.entries())) ||
      !stateOffsets.allocate(code->allocator, sizeOf(program.states())))
    return noMemory();
  uint64_t alignment = code->device.alignment();
  uint64_t errorBytes = 0;
  for (uint32_t i = 0; i < entries.size(); ++i)
    VISIR_RETURN_IF_ERROR_AT(planEntry(i, needs, &errorBytes), "entry %u", i);
  // The verifier bounds the number and size of all that is added up.
  needs->host = needs->tensors;
  for (uint32_t i = 0; i < stateOffsets.size(); ++i) {
    stateOffsets[i] = needs->host;
    needs->host += alignUp(program.states()->Get(i)->bytes(), alignment);
  }
  for (RecordedEntry &entry : entries)
    for (uint64_t &offset : entry.errorOffsets)
      if (offset != kNoError)
        offset += needs->host;
  symbolsAt = needs->host + errorBytes;
  needs->host = symbolsAt + needs->symbols * alignment;
  return Status();
}

Status Session::planEntry(uint32_t index, Needs *needs, uint64_t *errorBytes) {
  const schema::Entry &source = entry(index);
  RecordedEntry &recorded = entries[index];
  uint64_t alignment = code->device.alignment();
  uint32_t inputs = sizeOf(source.inputs());
  uint32_t commands = sizeOf(source.commands());
  if (!recorded.tensorOffsets.allocate(code->allocator,
                                       inputs + sizeOf(source.outputs())) ||
      !recorded.sets.allocate(code->allocator, commands) ||
      !recorded.errorOffsets.allocate(code->allocator, commands))
    return noMemory();
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < recorded.tensorOffsets.size(); ++i) {
    recorded.tensorOffsets[i] = bytes;
    bytes += alignUp(tensorOf(source, i).bytes(), alignment);
    if (i + 1 == inputs)
      recorded.inputBytes = bytes;
  }
  recorded.tensorBytes = bytes;
  needs->tensors = bytes > needs->tensors ? bytes : needs->tensors;
  uint32_t symbols = sizeOf(source.symbols());
  needs->symbols = symbols > needs->symbols ? symbols : needs->symbols;
  if (source.arena_bytes() > needs->arena)
    needs->arena = source.arena_bytes();
  uint64_t errors = 0;
  uint32_t scalarCount = 0;
  for (uint32_t i = 0; i < commands; ++i) {
    recorded.errorOffsets[i] = kNoError;
    const auto *dispatch = source.commands()->Get(i)->operation_as_Dispatch();
    if (!dispatch)
      continue;
    ++needs->sets;
    needs->descriptors += code->kernels[dispatch->function()].descriptors;
    scalarCount += sizeOf(dispatch->scalars());
    if (!code->program->functions()->Get(dispatch->function())->can_fail())
      continue;
    recorded.errorOffsets[i] = errors;
    errors += alignment;
  }
  *errorBytes = errors > *errorBytes ? errors : *errorBytes;
  if (!recorded.scalars.allocate(code->allocator, scalarCount))
    return noMemory();
  uint32_t next = 0;
  for (uint32_t i = 0; i < commands; ++i) {
    const auto *dispatch = source.commands()->Get(i)->operation_as_Dispatch();
    for (uint32_t s = 0; dispatch && s < sizeOf(dispatch->scalars()); ++s)
      recorded.scalars[next++] = dispatch->scalars()->Get(s)->value();
  }
  return Status();
}

Status Session::open(Code &loaded, uint64_t memoryLimit) {
  code = &loaded;
  Device &device = code->device;
  Needs needs;
  VISIR_RETURN_IF_ERROR(plan(&needs));
  uint64_t total = needs.arena + needs.host + (isStaged() ? needs.tensors : 0);
  if (total > memoryLimit)
    return Status::error(StatusCode::outOfMemory,
                         "memory of a session is %llu bytes, expected at most "
                         "%llu",
                         wide(total), wide(memoryLimit));
  VISIR_RETURN_IF_ERROR_AT(arena.allocate(device, needs.arena, false), "arena");
  VISIR_RETURN_IF_ERROR_AT(host.allocate(device, needs.host, true),
                           "tensors and states");
  memset(host.data(), 0, host.size());
  if (isStaged())
    VISIR_RETURN_IF_ERROR_AT(tensors.allocate(device, needs.tensors, false),
                             "tensors on the device");
  VISIR_RETURN_IF_ERROR(allocateSets(needs));
  VISIR_RETURN_IF_ERROR(pool.open(device));
  for (uint32_t i = 0; i < entries.size(); ++i)
    VISIR_RETURN_IF_ERROR_AT(record(i, false), "entry %u", i);
  return Status();
}

Status Session::allocateSets(const Needs &needs) {
  Device &device = code->device;
  if (needs.sets == 0)
    return Status();
  VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                               needs.descriptors ? needs.descriptors : 1};
  VkDescriptorPoolCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
  info.maxSets = needs.sets;
  info.poolSizeCount = 1;
  info.pPoolSizes = &size;
  VISIR_VK_TRY(device.api, CreateDescriptorPool, device.handle, &info, nullptr,
               &descriptorPool);
  for (uint32_t e = 0; e < entries.size(); ++e) {
    const auto *commands = entry(e).commands();
    for (uint32_t i = 0; i < sizeOf(commands); ++i) {
      const auto *dispatch = commands->Get(i)->operation_as_Dispatch();
      if (!dispatch)
        continue;
      VkDescriptorSetLayout layout =
          code->setLayout(code->kernels[dispatch->function()].descriptors);
      VkDescriptorSetAllocateInfo set = {};
      set.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO;
      set.descriptorPool = descriptorPool;
      set.descriptorSetCount = 1;
      set.pSetLayouts = &layout;
      VISIR_VK_TRY(device.api, AllocateDescriptorSets, device.handle, &set,
                   &entries[e].sets[i]);
      VISIR_RETURN_IF_ERROR_AT(writeSet(entries[e], entry(e), i),
                               "entry %u: command %u", e, i);
    }
  }
  return Status();
}

Place Session::place(const RecordedEntry &recorded, const schema::Entry &source,
                     const schema::BindingRef &ref) const {
  uint64_t offset = ref.offset();
  switch (ref.kind()) {
  case schema::BufferKind::arena:
    return {arena.get(), offset};
  case schema::BufferKind::constant:
    return {code->constants.get(), code->constantOffsets[ref.index()] + offset};
  case schema::BufferKind::state:
    return {host.get(), stateOffsets[ref.index()] + offset};
  case schema::BufferKind::length:
    return {host.get(),
            symbolsAt + ref.index() * code->device.alignment() + offset};
  default: {
    bool output = ref.kind() == schema::BufferKind::output;
    uint32_t index = ref.index() + (output ? sizeOf(source.inputs()) : 0);
    return {isStaged() ? tensors.get() : host.get(),
            recorded.tensorOffsets[index] + offset};
  }
  }
}

Status Session::writeSet(const RecordedEntry &recorded,
                         const schema::Entry &source, uint32_t command) {
  Device &device = code->device;
  const schema::Dispatch &dispatch =
      *source.commands()->Get(command)->operation_as_Dispatch();
  VkDescriptorBufferInfo buffers[kMaxBindings + 1];
  VkWriteDescriptorSet writes[kMaxBindings + 1] = {};
  uint32_t bindings = sizeOf(dispatch.bindings());
  for (uint32_t i = 0; i < bindings; ++i) {
    const schema::BindingRef &ref = *dispatch.bindings()->Get(i);
    Place where = place(recorded, source, ref);
    buffers[i] = {where.buffer, where.offset, ref.size()};
    // No byte may be bound, but Vulkan wants some.
    if (ref.size() == 0)
      buffers[i] = {host.get(), 0, 4};
    uint64_t alignment = device.limits().minStorageBufferOffsetAlignment;
    if (buffers[i].offset % alignment)
      return Status::error(StatusCode::unsupported,
                           "binding %u: offset is %llu, expected a multiple of "
                           "%llu as the device demands",
                           i, wide(where.offset), wide(alignment));
    if (buffers[i].range > device.limits().maxStorageBufferRange)
      return Status::error(StatusCode::unsupported,
                           "binding %u: size is %llu, expected at most %u as "
                           "the device allows",
                           i, wide(buffers[i].range),
                           device.limits().maxStorageBufferRange);
  }
  uint32_t count = bindings;
  if (recorded.errorOffsets[command] != kNoError)
    buffers[count++] = {host.get(), recorded.errorOffsets[command], 4};
  for (uint32_t i = 0; i < count; ++i) {
    writes[i].sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
    writes[i].dstSet = recorded.sets[command];
    writes[i].dstBinding = i;
    writes[i].descriptorCount = 1;
    writes[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    writes[i].pBufferInfo = &buffers[i];
  }
  device.api.UpdateDescriptorSets(device.handle, count, writes, 0, nullptr);
  return Status();
}

Status Session::record(uint32_t index, bool measure) {
  RecordedEntry &recorded = entries[index];
  VkCommandBuffer &commands = measure ? recorded.measured : recorded.commands;
  if (!commands)
    VISIR_RETURN_IF_ERROR(pool.allocate(&commands));
  VISIR_RETURN_IF_ERROR(pool.begin(commands));
  Recorder(*this, index, commands, measure).run();
  return pool.end(commands);
}

Status Session::recordMeasured(uint32_t index) {
  Device &device = code->device;
  if (device.physical().timestampBits == 0)
    return Status::error(StatusCode::unsupported,
                         "device \"%.64s\" takes no times, expected no profile",
                         device.physical().properties.deviceName);
  if (!times) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < entries.size(); ++i)
      most = sizeOf(entry(i).commands()) > most ? sizeOf(entry(i).commands())
                                                : most;
    VkQueryPoolCreateInfo info = {};
    info.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = most + 1;
    VISIR_VK_TRY(device.api, CreateQueryPool, device.handle, &info, nullptr,
                 &times);
  }
  return record(index, true);
}

Status Session::run(EntryRun *run) {
  RecordedEntry &recorded = entries[run->entry];
  uint64_t scalarBytes = run->scalarCount * sizeof(uint32_t);
  bool changed =
      scalarBytes && memcmp(recorded.scalars.data(), run->scalars, scalarBytes);
  if (changed) {
    memcpy(recorded.scalars.data(), run->scalars, scalarBytes);
    VISIR_RETURN_IF_ERROR(record(run->entry, false));
  }
  bool measure = run->commandNs != nullptr;
  if (measure && (changed || !recorded.measured))
    VISIR_RETURN_IF_ERROR(recordMeasured(run->entry));
  for (uint64_t offset : recorded.errorOffsets)
    if (offset != kNoError)
      memset(host.data() + offset, 0, 4);
  for (uint64_t i = 0; i < run->symbolCount; ++i)
    memcpy(host.data() + symbolsAt + i * code->device.alignment(),
           &run->symbols[i], sizeof(run->symbols[i]));
  VISIR_RETURN_IF_ERROR(
      pool.run(measure ? recorded.measured : recorded.commands));
  readErrors(run);
  return measure ? readTimes(run) : Status();
}

void Session::readErrors(EntryRun *run) const {
  const Array<uint64_t> &offsets = entries[run->entry].errorOffsets;
  for (uint32_t i = 0; i < offsets.size() && run->error == 0; ++i) {
    if (offsets[i] == kNoError)
      continue;
    memcpy(&run->error, host.data() + offsets[i], sizeof(run->error));
    run->failedCommand = i;
  }
}

Status Session::readTimes(EntryRun *run) const {
  const Device &device = code->device;
  uint32_t count = sizeOf(entry(run->entry).commands());
  // Time stamps go into the caller's array and become times in place.
  uint64_t first = 0;
  auto read = [&](uint32_t begin, uint32_t number, uint64_t *into) {
    return toStatus(device.api.GetQueryPoolResults(
                        device.handle, times, begin, number, number * 8, into,
                        8, VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
                    "vkGetQueryPoolResults");
  };
  if (count == 0)
    return Status();
  VISIR_RETURN_IF_ERROR(read(0, 1, &first));
  VISIR_RETURN_IF_ERROR(read(1, count, run->commandNs));
  double period = static_cast<double>(device.limits().timestampPeriod);
  uint64_t before = 0;
  for (uint32_t i = 0; i < count; ++i) {
    uint64_t end = static_cast<uint64_t>(
        static_cast<double>(run->commandNs[i] - first) * period);
    run->startNs[i] = before;
    run->commandNs[i] = end - before;
    before = end;
  }
  return Status();
}

} // namespace visir::runtime::vulkan
