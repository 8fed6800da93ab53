// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Barriers stand where the program's dependencies ask for them (WaveRule), and
// hold up only the stages that work before them and after them.
#include "targets/vulkan/driver/vulkan_record.h"

namespace visir::runtime::vulkan {
namespace {

VkAccessFlags writesOf(VkPipelineStageFlags stages) {
  VkAccessFlags access = 0;
  if (stages & VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT)
    access |= VK_ACCESS_SHADER_WRITE_BIT;
  if (stages & VK_PIPELINE_STAGE_TRANSFER_BIT)
    access |= VK_ACCESS_TRANSFER_WRITE_BIT;
  return access;
}

VkAccessFlags accessesOf(VkPipelineStageFlags stages) {
  VkAccessFlags access = writesOf(stages);
  if (stages & VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT)
    access |= VK_ACCESS_SHADER_READ_BIT;
  if (stages & VK_PIPELINE_STAGE_TRANSFER_BIT)
    access |= VK_ACCESS_TRANSFER_READ_BIT;
  if (stages & VK_PIPELINE_STAGE_HOST_BIT)
    access |= VK_ACCESS_HOST_READ_BIT;
  return access;
}

} // namespace

Recorder::Recorder(const Session &session, uint32_t entry,
                   VkCommandBuffer commands, bool measure)
    : session(session), recorded(session.entries[entry]),
      entry(session.entry(entry)), api(session.code->device.api),
      commands(commands), measure(measure) {}

uint32_t Recorder::stageOf(const schema::Command &command) {
  return command.operation_as_Dispatch() ? kCompute : kTransfer;
}

void Recorder::barrier(VkPipelineStageFlags before,
                       VkPipelineStageFlags after) {
  VkMemoryBarrier memory = {};
  memory.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
  memory.srcAccessMask = writesOf(before);
  memory.dstAccessMask = accessesOf(after);
  api.CmdPipelineBarrier(commands, before, after, 0, 1, &memory, 0, nullptr, 0,
                         nullptr);
}

void Recorder::run() {
  uint32_t count = sizeOf(entry.commands());
  uint32_t allStages = session.isStaged() ? kTransfer : 0;
  for (uint32_t i = 0; i < count; ++i)
    allStages |= stageOf(*entry.commands()->Get(i));
  if (allStages == 0)
    return;
  // Behind the session's former run, whatever its entry.
  barrier(kCompute | kTransfer, allStages);
  if (session.isStaged() && recorded.inputBytes != 0) {
    copyTensors(session.host.get(), session.tensors.get(), 0,
                recorded.inputBytes);
    barrier(kTransfer, allStages);
  }
  if (measure) {
    api.CmdResetQueryPool(commands, session.times, 0, count + 1);
    timeStamp(0);
  }
  WaveRule rule;
  uint32_t waveStages = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const schema::Command &next = *entry.commands()->Get(i);
    // Later waves may depend on this one too, so all that follows waits.
    if (rule.barrierBefore(next, i) || (measure && i > 0)) {
      barrier(waveStages, allStages);
      waveStages = 0;
    }
    waveStages |= stageOf(next);
    command(i);
    if (measure)
      timeStamp(i + 1);
  }
  if (session.isStaged() && recorded.tensorBytes > recorded.inputBytes) {
    barrier(allStages, kTransfer);
    copyTensors(session.tensors.get(), session.host.get(), recorded.inputBytes,
                recorded.tensorBytes);
  }
  barrier(allStages, VK_PIPELINE_STAGE_HOST_BIT);
}

void Recorder::timeStamp(uint32_t index) {
  api.CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT,
                        session.times, index);
}

void Recorder::command(uint32_t index) {
  const schema::Command &command = *entry.commands()->Get(index);
  if (const auto *operation = command.operation_as_Dispatch())
    dispatch(*operation, index);
  else if (const auto *operation = command.operation_as_Copy())
    copy(*operation);
  else if (const auto *operation = command.operation_as_Fill())
    fill(*operation);
}

void Recorder::dispatch(const schema::Dispatch &dispatch, uint32_t index) {
  const Kernel &kernel = session.code->kernels[dispatch.function()];
  api.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                      kernel.pipeline);
  api.CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                            kernel.layout, 0, 1, &recorded.sets[index], 0,
                            nullptr);
  uint32_t scalars = sizeOf(dispatch.scalars());
  if (scalars != 0)
    api.CmdPushConstants(commands, kernel.layout, VK_SHADER_STAGE_COMPUTE_BIT,
                         0, scalars * 4, recorded.scalars.data() + nextScalar);
  nextScalar += scalars;
  api.CmdDispatch(commands, kernel.groupsX, kernel.groupsY, 1);
}

void Recorder::copy(const schema::Copy &copy) {
  Place from = session.place(recorded, entry, *copy.source());
  Place to = session.place(recorded, entry, *copy.destination());
  VkBufferCopy region = {from.offset, to.offset, copy.source()->size()};
  if (region.size != 0)
    api.CmdCopyBuffer(commands, from.buffer, to.buffer, 1, &region);
}

// Whole words are filled, what is left at both ends is copied from a table.
void Recorder::fill(const schema::Fill &fill) {
  Place to = session.place(recorded, entry, *fill.destination());
  const Code &code = *session.code;
  uint64_t table = code.constantOffsets[code.constantOffsets.size() - 1] +
                   uint64_t(fill.value()) * 4;
  uint64_t begin = to.offset, end = begin + fill.destination()->size();
  uint64_t words = alignUp(begin, 4), wordsEnd = end & ~uint64_t(3);
  if (words >= wordsEnd)
    words = wordsEnd = begin;
  if (words < wordsEnd)
    api.CmdFillBuffer(commands, to.buffer, words, wordsEnd - words,
                      fill.value() * 0x01010101u);
  auto copyEdge = [&](uint64_t from, uint64_t until) {
    for (; from < until; from += 4) {
      VkBufferCopy region = {table, from, until - from < 4 ? until - from : 4};
      api.CmdCopyBuffer(commands, code.constants.get(), to.buffer, 1, &region);
    }
  };
  copyEdge(begin, words);
  copyEdge(wordsEnd, end);
}

void Recorder::copyTensors(VkBuffer from, VkBuffer to, uint64_t begin,
                           uint64_t end) {
  VkBufferCopy region = {begin, begin, end - begin};
  api.CmdCopyBuffer(commands, from, to, 1, &region);
}

} // namespace visir::runtime::vulkan
