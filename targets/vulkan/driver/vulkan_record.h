// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes an entry's commands, and the barriers between them, to a command
// buffer.
#ifndef VISIR_TARGETS_VULKAN_DRIVER_VULKAN_RECORD_H
#define VISIR_TARGETS_VULKAN_DRIVER_VULKAN_RECORD_H

#include "targets/vulkan/driver/vulkan_session.h"

namespace visir::runtime::vulkan {

class Recorder {
public:
  // measure: a time stamp after each command, which a barrier then follows.
  Recorder(const Session &session, uint32_t entry, VkCommandBuffer commands,
           bool measure);
  void run();

private:
  // Stages of the pipeline.
  static constexpr uint32_t kCompute = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
  static constexpr uint32_t kTransfer = VK_PIPELINE_STAGE_TRANSFER_BIT;

  static uint32_t stageOf(const schema::Command &command);
  void barrier(VkPipelineStageFlags before, VkPipelineStageFlags after);
  void command(uint32_t index);
  void dispatch(const schema::Dispatch &dispatch, uint32_t index);
  void copy(const schema::Copy &copy);
  void fill(const schema::Fill &fill);
  void copyTensors(VkBuffer from, VkBuffer to, uint64_t begin, uint64_t end);
  void timeStamp(uint32_t index);

  const Session &session;
  const RecordedEntry &recorded;
  const schema::Entry &entry;
  const DeviceApi &api;
  VkCommandBuffer commands;
  bool measure;
  uint32_t nextScalar = 0;
};

} // namespace visir::runtime::vulkan

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_RECORD_H
