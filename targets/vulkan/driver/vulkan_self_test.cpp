// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// All bindings lie in memory that the host reaches, whatever the device: a
// self test runs once, and copies would be one more thing to go wrong.
#include "targets/vulkan/driver/vulkan_self_test.h"

#include "runtime/schema/self_test.h"
#include "targets/vulkan/driver/vulkan_commands.h"

namespace visir::runtime::vulkan {
namespace {

// What results hold before; it is not a number where they are floats.
constexpr int kUnwritten = 0xff;

// A self test of one function.
class Trial {
public:
  Trial(Code &code, const schema::Function &function, const Kernel &kernel,
        Buffer &memory)
      : code(code), device(code.device), function(function),
        test(*function.self_test()), kernel(kernel), memory(memory) {}
  ~Trial() {
    device.api.DestroyDescriptorPool(device.handle, pool, nullptr);
  }

  static uint64_t bytesOf(const schema::Function &function,
                          uint64_t alignment);
  Status run();

private:
  void place();
  Status bind();
  Status launch();
  Status judge(const schema::Golden &golden) const;
  schema::DType dtypeOf(uint32_t binding) const {
    return static_cast<schema::DType>(test.dtypes()->Get(binding));
  }
  uint64_t elementsOf(uint32_t binding) const {
    return function.bindings()->Get(binding)->min_bytes() /
           dtypeBytes(dtypeOf(binding));
  }

  Code &code;
  Device &device;
  const schema::Function &function;
  const schema::SelfTest &test;
  const Kernel &kernel;
  Buffer &memory;
  uint64_t offsets[kMaxBindings + 1] = {}; // the last is the word for errors
  VkDescriptorPool pool = VK_NULL_HANDLE;
  VkDescriptorSet set = VK_NULL_HANDLE;
};

// A binding of no bytes gets some, too; then the word for errors.
uint64_t Trial::bytesOf(const schema::Function &function, uint64_t alignment) {
  uint64_t bytes = alignment;
  for (uint32_t i = 0; i < sizeOf(function.bindings()); ++i)
    bytes +=
        alignUp(function.bindings()->Get(i)->min_bytes() + 4, alignment);
  return bytes;
}

// Finds places and writes what stands there before.
void Trial::place() {
  uint64_t next = 0, alignment = device.alignment();
  uint32_t count = sizeOf(function.bindings());
  for (uint32_t i = 0; i < count; ++i) {
    const schema::Binding &binding = *function.bindings()->Get(i);
    if (binding.tie() >= 0) {
      offsets[i] = offsets[binding.tie()];
      continue;
    }
    offsets[i] = next;
    next += alignUp(binding.min_bytes() + 4, alignment);
    uint8_t *data = memory.data() + offsets[i];
    if (binding.access() == schema::Access::write)
      memset(data, kUnwritten, binding.min_bytes());
    else
      schema::fillSelfTest(dtypeOf(i), test.inputs(), i, data, elementsOf(i));
  }
  offsets[count] = next;
  memset(memory.data() + next, 0, 4);
}

Status Trial::bind() {
  VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                               kernel.descriptors};
  VkDescriptorPoolCreateInfo info = {};
  info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
  info.maxSets = 1;
  info.poolSizeCount = 1;
  info.pPoolSizes = &size;
  VISIR_VK_TRY(device.api, CreateDescriptorPool, device.handle, &info, nullptr,
               &pool);
  VkDescriptorSetLayout layout = code.setLayout(kernel.descriptors);
  VkDescriptorSetAllocateInfo allocation = {};
  allocation.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO;
  allocation.descriptorPool = pool;
  allocation.descriptorSetCount = 1;
  allocation.pSetLayouts = &layout;
  VISIR_VK_TRY(device.api, AllocateDescriptorSets, device.handle, &allocation,
               &set);
  VkDescriptorBufferInfo buffers[kMaxBindings + 1];
  VkWriteDescriptorSet writes[kMaxBindings + 1] = {};
  for (uint32_t i = 0; i < kernel.descriptors; ++i) {
    uint64_t bytes = i < sizeOf(function.bindings())
                         ? function.bindings()->Get(i)->min_bytes()
                         : 4;
    buffers[i] = {memory.get(), offsets[i], bytes ? bytes : 4};
    if (buffers[i].range > device.limits().maxStorageBufferRange)
      return Status::error(StatusCode::unsupported,
                           "binding %u: size is %llu, expected at most %u as "
                           "the device allows",
                           i, wide(buffers[i].range),
                           device.limits().maxStorageBufferRange);
    writes[i].sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
    writes[i].dstSet = set;
    writes[i].dstBinding = i;
    writes[i].descriptorCount = 1;
    writes[i].descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    writes[i].pBufferInfo = &buffers[i];
  }
  device.api.UpdateDescriptorSets(device.handle, kernel.descriptors, writes, 0,
                                  nullptr);
  return Status();
}

Status Trial::launch() {
  const DeviceApi &api = device.api;
  return runOnce(device, [&](VkCommandBuffer commands) {
    api.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                        kernel.pipeline);
    api.CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                              kernel.layout, 0, 1, &set, 0, nullptr);
    api.CmdDispatch(commands, kernel.groupsX, kernel.groupsY, 1);
    VkMemoryBarrier barrier = {};
    barrier.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT;
    barrier.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
    api.CmdPipelineBarrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                           VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0,
                           nullptr, 0, nullptr);
  });
}

Status mismatch(const char *before, uint64_t number, const char *behind,
                double actual, double expected, double allowed) {
  return Status::error(StatusCode::selfTestFailed,
                       "%s%llu%s is %.6g, expected %.6g within %.2g", before,
                       wide(number), behind, actual, expected, allowed);
}

// Also true for the same infinity, and for two that are no numbers.
bool isNear(double actual, double expected, double allowed) {
  if (__builtin_isnan(expected))
    return __builtin_isnan(actual);
  if (__builtin_isinf(expected))
    return actual == expected;
  return __builtin_fabs(actual - expected) <= allowed;
}

Status Trial::judge(const schema::Golden &golden) const {
  schema::SelfTestSummary actual = schema::summarizeSelfTest(
      dtypeOf(golden.binding()), memory.data() + offsets[golden.binding()],
      elementsOf(golden.binding()));
  uint64_t elements = elementsOf(golden.binding());
  double allowed = test.tolerance() * golden.largest();
  for (uint32_t i = 0; i < actual.sampleCount; ++i)
    if (!isNear(actual.samples[i], golden.samples()->Get(i), allowed))
      return mismatch("element ", schema::selfTestPlace(i, elements), "",
                      actual.samples[i], golden.samples()->Get(i), allowed);
  if (actual.finite != golden.finite())
    return Status::error(StatusCode::selfTestFailed,
                         "count of finite ones of %llu elements is %llu, "
                         "expected %llu",
                         wide(elements), wide(actual.finite),
                         wide(golden.finite()));
  allowed = test.tolerance() * golden.magnitude();
  if (!isNear(actual.sum, golden.sum(), allowed))
    return mismatch("sum of ", elements, " elements", actual.sum, golden.sum(),
                    allowed);
  return Status();
}

Status Trial::run() {
  place();
  VISIR_RETURN_IF_ERROR(bind());
  VISIR_RETURN_IF_ERROR(launch());
  int32_t error = 0;
  if (function.can_fail())
    memcpy(&error, memory.data() + offsets[sizeOf(function.bindings())],
           sizeof(error));
  if (error != 0)
    return Status::error(StatusCode::selfTestFailed,
                         "it returned %d, expected 0", error);
  for (const schema::Golden *golden : *test.goldens())
    VISIR_RETURN_IF_ERROR_AT(judge(*golden), "binding %u", golden->binding());
  return Status();
}

} // namespace

Status proveDevice(Code &code, const uint8_t *artifactDigest,
                   SelfTestMode mode) {
  const auto *functions = code.program->functions();
  uint64_t bytes = 0, alignment = code.device.alignment();
  for (uint32_t i = 0; i < sizeOf(functions); ++i) {
    if (!functions->Get(i)->self_test())
      continue;
    uint64_t needed = Trial::bytesOf(*functions->Get(i), alignment);
    bytes = needed > bytes ? needed : bytes;
  }
  if (bytes == 0 || mode == SelfTestMode::never ||
      (mode == SelfTestMode::firstUse &&
       code.pipelines.hasPassed(artifactDigest)))
    return Status();
  Buffer memory;
  VISIR_RETURN_IF_ERROR_AT(memory.allocate(code.device, bytes, true),
                           "self test");
  for (uint32_t i = 0; i < sizeOf(functions); ++i) {
    const schema::Function &function = *functions->Get(i);
    if (function.self_test())
      VISIR_RETURN_IF_ERROR_AT(
          Trial(code, function, code.kernels[i], memory).run(),
          "device \"%.48s\" fails its self test: function %u \"%.32s\"",
          code.description(), i, function.name()->c_str());
  }
  code.pipelines.notePassed(artifactDigest);
  return Status();
}

} // namespace visir::runtime::vulkan
