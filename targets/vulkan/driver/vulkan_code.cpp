// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "targets/vulkan/driver/vulkan_code.h"

#include "targets/vulkan/abi/kernel_abi.h"
#include "targets/vulkan/driver/vulkan_commands.h"
#include "targets/vulkan/driver/vulkan_matrices.h"

#include <string.h>

namespace visir::runtime::vulkan {

namespace {

constexpr uint32_t kSpirvMagic = 0x07230203;
constexpr uint64_t kStagingBytes = 8 << 20;
// Mesa's llvmpipe leaves all loops after that many iterations of a thread.
constexpr uint64_t kLlvmpipeLoopSteps = 65535;
constexpr uint64_t kFillTableBytes = 256 * 4;

Status tooMuch(const char *what, uint64_t actual, uint64_t limit) {
  return Status::error(StatusCode::unsupported,
                       "%s is %llu, expected at most %llu as the device allows",
                       what, static_cast<unsigned long long>(actual),
                       static_cast<unsigned long long>(limit));
}

} // namespace

Code::~Code() {
  for (Kernel &kernel : kernels) {
    device.api.DestroyPipeline(device.handle, kernel.pipeline, nullptr);
    device.api.DestroyPipelineLayout(device.handle, kernel.layout, nullptr);
  }
  for (VkDescriptorSetLayout layout : setLayouts)
    if (layout)
      device.api.DestroyDescriptorSetLayout(device.handle, layout, nullptr);
}

Status Code::load(const Artifact &artifact, const char *which) {
  const schema::Target &target =
      *artifact.manifest().targets()->Get(program->target());
  uint32_t features = 0;
  const char *unknown = nullptr;
  // The driver's rating refused unknown ones.
  parseFeatures(target.features() ? target.features()->c_str() : "", &features,
                &unknown);
  VISIR_RETURN_IF_ERROR(device.open(which, features));
  uint32_t count = sizeOf(program->functions());
  if (!kernels.allocate(allocator, count))
    return Status::error(StatusCode::outOfMemory, "no memory to load code");
  if (count == 0)
    return Status();
  VISIR_RETURN_IF_ERROR(artifact.loadConstants(
      static_cast<uint32_t>(program->code_section()), false, true, &section));
  VISIR_RETURN_IF_ERROR(pipelines.open(device, allocator));
  for (uint32_t i = 0; i < count; ++i) {
    const schema::Function &function = *program->functions()->Get(i);
    VISIR_RETURN_IF_ERROR_AT(
        makeKernel(function, section.data + function.code_offset(),
                   &kernels[i]),
        "function %u \"%.48s\"", i, function.name()->c_str());
  }
  return Status();
}

Status Code::makeSetLayout(uint32_t descriptors) {
  if (setLayouts[descriptors])
    return Status();
  VkDescriptorSetLayoutBinding bindings[kMaxBindings + 1] = {};
  for (uint32_t i = 0; i < descriptors; ++i) {
    bindings[i].binding = i;
    bindings[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    bindings[i].descriptorCount = 1;
    bindings[i].stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
  }
  VkDescriptorSetLayoutCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO;
  info.bindingCount = descriptors;
  info.pBindings = bindings;
  VISIR_VK_TRY(device.api, CreateDescriptorSetLayout, device.handle, &info,
               nullptr, &setLayouts[descriptors]);
  return Status();
}

// A resizable kernel gets whole subgroups, and no more than the device has.
void Code::choosePartition(const schema::Function &function,
                           Kernel *kernel) const {
  const VkPhysicalDeviceLimits &limits = device.limits();
  uint32_t threads = function.workgroup_x();
  if (function.resizable()) {
    while (threads < device.physical().subgroupSize)
      threads *= 2;
    while (threads > 1 && (threads > limits.maxComputeWorkGroupInvocations ||
                           threads > limits.maxComputeWorkGroupSize[0]))
      threads /= 2;
  }
  kernel->threads = threads;
  uint64_t invocations =
      uint64_t(function.tile_count()) * function.workgroup_x();
  kernel->groups = (invocations + threads - 1) / threads;
  // The driver refuses what is more than the device has along both.
  uint32_t most = limits.maxComputeWorkGroupCount[0];
  kernel->groupsX =
      kernel->groups < most ? static_cast<uint32_t>(kernel->groups) : most;
  kernel->groupsY = static_cast<uint32_t>(
      (kernel->groups + kernel->groupsX - 1) / kernel->groupsX);
}

Status Code::checkLimits(const schema::Function &function,
                         const Kernel &kernel) const {
  const VkPhysicalDeviceLimits &limits = device.limits();
  uint32_t descriptors = sizeOf(function.bindings()) + function.can_fail();
  uint32_t mostBuffers = limits.maxPerStageDescriptorStorageBuffers;
  if (descriptors > mostBuffers)
    return tooMuch("count of bindings", descriptors, mostBuffers);
  uint64_t scalarBytes = uint64_t(sizeOf(function.scalars())) * 4;
  if (scalarBytes > limits.maxPushConstantsSize)
    return tooMuch("size of scalars", scalarBytes, limits.maxPushConstantsSize);
  const uint32_t size[] = {kernel.threads, function.workgroup_y(),
                           function.workgroup_z()};
  for (int i = 0; i < 3; ++i)
    if (size[i] > limits.maxComputeWorkGroupSize[i])
      return tooMuch("size of a workgroup", size[i],
                     limits.maxComputeWorkGroupSize[i]);
  uint32_t threads = size[0] * size[1] * size[2];
  if (threads > limits.maxComputeWorkGroupInvocations)
    return tooMuch("size of a workgroup", threads,
                   limits.maxComputeWorkGroupInvocations);
  if (function.shared_bytes() > limits.maxComputeSharedMemorySize)
    return tooMuch("shared size", function.shared_bytes(),
                   limits.maxComputeSharedMemorySize);
  bool isLlvmpipe =
      strncmp(device.physical().properties.deviceName, "llvmpipe", 8) == 0;
  if (isLlvmpipe && function.loop_steps() > kLlvmpipeLoopSteps)
    return tooMuch("count of a thread's loop iterations",
                   function.loop_steps(), kLlvmpipeLoopSteps);
  uint64_t mostTiles = uint64_t(limits.maxComputeWorkGroupCount[0]) *
                       limits.maxComputeWorkGroupCount[1];
  if (kernel.groups > mostTiles)
    return tooMuch("count of workgroups", kernel.groups, mostTiles);
  return Status();
}

Status Code::makeKernel(const schema::Function &function, const uint8_t *code,
                        Kernel *kernel) {
  choosePartition(function, kernel);
  VISIR_RETURN_IF_ERROR(checkLimits(function, *kernel));
  // The verifier made code a multiple of 4 bytes, at least 4, in place.
  uint32_t magic;
  memcpy(&magic, code, sizeof(magic));
  if (magic != kSpirvMagic)
    return Status::error(StatusCode::malformed,
                         "code begins with 0x%08x, expected SPIR-V's 0x%08x",
                         magic, kSpirvMagic);
  kernel->descriptors = sizeOf(function.bindings()) + function.can_fail();
  VISIR_RETURN_IF_ERROR(makeSetLayout(kernel->descriptors));

  VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0,
                               sizeOf(function.scalars()) * 4};
  VkPipelineLayoutCreateInfo layout = {};
  layout.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
  layout.setLayoutCount = 1;
  layout.pSetLayouts = &setLayouts[kernel->descriptors];
  layout.pushConstantRangeCount = range.size ? 1 : 0;
  layout.pPushConstantRanges = &range;
  VISIR_VK_TRY(device.api, CreatePipelineLayout, device.handle, &layout,
               nullptr, &kernel->layout);

  VkShaderModuleCreateInfo module = {};
  module.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
  module.codeSize = function.code_bytes();
  module.pCode = reinterpret_cast<const uint32_t *>(code);
  VkComputePipelineCreateInfo pipeline = {};
  pipeline.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
  pipeline.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  pipeline.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  pipeline.stage.pName = VISIR_VULKAN_ENTRY_POINT;
  VkSpecializationMapEntry entry = {VISIR_VULKAN_WORKGROUP_CONSTANT, 0,
                                    sizeof(kernel->threads)};
  VkSpecializationInfo special = {1, &entry, sizeof(kernel->threads),
                                  &kernel->threads};
  if (function.resizable())
    pipeline.stage.pSpecializationInfo = &special;
  VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup = {};
  subgroup.sType =
      VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO;
  subgroup.requiredSubgroupSize = kMatrixSubgroup;
  if (usesMatrices(code, function.code_bytes())) {
    pipeline.stage.pNext = &subgroup;
    pipeline.stage.flags =
        VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
  }
  pipeline.layout = kernel->layout;
  VISIR_VK_TRY(device.api, CreateShaderModule, device.handle, &module, nullptr,
               &pipeline.stage.module);
  VkResult result = device.api.CreateComputePipelines(
      device.handle, pipelines.get(), 1, &pipeline, nullptr, &kernel->pipeline);
  device.api.DestroyShaderModule(device.handle, pipeline.stage.module, nullptr);
  return toStatus(result, "vkCreateComputePipelines");
}

Status Code::upload(const SectionBytes *sections) {
  const auto *list = program->constants();
  uint32_t count = sizeOf(list);
  if (!constantOffsets.allocate(allocator, count + 1))
    return Status::error(StatusCode::outOfMemory, "no memory for constants");
  uint64_t bytes = 0;
  for (uint32_t i = 0; i <= count; ++i) {
    constantOffsets[i] = bytes;
    uint64_t size = i < count ? list->Get(i)->size() : kFillTableBytes;
    if (!checkedAdd(bytes, alignUp(size, device.alignment()), &bytes))
      return Status::error(StatusCode::outOfMemory, "no memory for constants");
  }
  bool direct = device.isUnified();
  VISIR_RETURN_IF_ERROR_AT(constants.allocate(device, bytes, direct),
                           "constants");
  Buffer staging;
  if (!direct)
    VISIR_RETURN_IF_ERROR(staging.allocate(device, kStagingBytes, true));
  uint32_t fill[256];
  for (uint32_t value = 0; value < 256; ++value)
    fill[value] = value * 0x01010101u;
  for (uint32_t i = 0; i <= count; ++i) {
    auto *from = reinterpret_cast<const uint8_t *>(fill);
    uint64_t size = kFillTableBytes;
    if (i < count) {
      const schema::Constant &constant = *list->Get(i);
      from = sections[constant.section()].data + constant.offset();
      size = constant.size();
    }
    if (direct) {
      memcpy(constants.data() + constantOffsets[i], from, size);
      continue;
    }
    for (uint64_t done = 0; done < size; done += kStagingBytes) {
      uint64_t part = size - done < kStagingBytes ? size - done : kStagingBytes;
      memcpy(staging.data(), from + done, part);
      VkBufferCopy region = {0, constantOffsets[i] + done, part};
      VISIR_RETURN_IF_ERROR(runOnce(device, [&](VkCommandBuffer commands) {
        device.api.CmdCopyBuffer(commands, staging.get(), constants.get(), 1,
                                 &region);
      }));
    }
  }
  return Status();
}

} // namespace visir::runtime::vulkan
