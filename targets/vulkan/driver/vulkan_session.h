// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory of a session on a device, and its entries as recorded commands.
#ifndef VISIR_TARGETS_VULKAN_DRIVER_VULKAN_SESSION_H
#define VISIR_TARGETS_VULKAN_DRIVER_VULKAN_SESSION_H

#include "targets/vulkan/driver/vulkan_code.h"
#include "targets/vulkan/driver/vulkan_commands.h"

namespace visir::runtime::vulkan {

// Where something lies on the device.
struct Place {
  VkBuffer buffer;
  uint64_t offset;
};

// An entry with its commands recorded.
struct RecordedEntry {
  Array<uint64_t> tensorOffsets; // in the tensors' memory; inputs, outputs
  uint64_t inputBytes = 0, tensorBytes = 0;
  Array<VkDescriptorSet> sets; // by command; null for copies and fills
  // By command: where the word for its error lies in the host's memory.
  Array<uint64_t> errorOffsets;
  Array<uint32_t> scalars; // that are in the commands
  VkCommandBuffer commands = VK_NULL_HANDLE;
  VkCommandBuffer measured = VK_NULL_HANDLE; // with time stamps; made late
};

// No word for errors.
constexpr uint64_t kNoError = UINT64_MAX;

struct Session {
  explicit Session() = default;
  ~Session();

  Status open(Code &loaded, uint64_t memoryLimit);
  Status run(EntryRun *run);
  uint64_t memoryBytes() const {
    return arena.size() + host.size() + tensors.size();
  }

  uint8_t *hostTensor(uint32_t entry, uint32_t index) {
    return host.data() + entries[entry].tensorOffsets[index];
  }
  uint8_t *state(uint32_t index) { return host.data() + stateOffsets[index]; }

  const schema::Entry &entry(uint32_t index) const {
    return *code->program->entries()->Get(index);
  }
  // Whether tensors are copied between the host's memory and the device's.
  bool isStaged() const { return !code->device.isUnified(); }
  // Of a reference of an entry's command.
  Place place(const RecordedEntry &recorded, const schema::Entry &entry,
              const schema::BindingRef &ref) const;

  Code *code = nullptr;
  // host: tensors, states, words for errors, the values of symbols. tensors: the device's copies.
  Buffer arena, host, tensors;
  Array<uint64_t> stateOffsets; // in host
  uint64_t symbolsAt = 0;       // in host
  Array<RecordedEntry> entries;
  VkQueryPool times = VK_NULL_HANDLE;

private:
  struct Needs {
    uint64_t arena = 0, tensors = 0, host = 0;
    uint32_t sets = 0, descriptors = 0, symbols = 0;
  };

  Status plan(Needs *needs);
  Status planEntry(uint32_t index, Needs *needs, uint64_t *errorBytes);
  Status allocateSets(const Needs &needs);
  Status writeSet(const RecordedEntry &recorded, const schema::Entry &entry,
                  uint32_t command);
  Status record(uint32_t index, bool measure);
  Status recordMeasured(uint32_t index);
  Status readTimes(EntryRun *run) const;
  void readErrors(EntryRun *run) const;

  VkDescriptorPool descriptorPool = VK_NULL_HANDLE;
  CommandPool pool;
};

} // namespace visir::runtime::vulkan

#endif // VISIR_TARGETS_VULKAN_DRIVER_VULKAN_SESSION_H
