// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A warp's registers and the block around it.
#ifndef VISIR_TEST_TARGETS_CUDA_NULL_WARP_H
#define VISIR_TEST_TARGETS_CUDA_NULL_WARP_H

#include "ptx.h"

#include <cstring>

namespace visir::null {

// What a run may reach: the caller checks and notes each access.
class GlobalMemory {
public:
  virtual ~GlobalMemory() = default;
  // False where the access is an error; it is not carried out then.
  virtual bool access(uint64_t address, uint32_t bytes, bool write) = 0;
};

// One block's shared memory and parameters.
struct Block {
  GlobalMemory *memory = nullptr;
  std::vector<uint8_t> shared;
  const uint8_t *parameters = nullptr;
  std::string failure; // the first
};

// Shared memory has addresses of its own below this.
constexpr uint64_t kSharedEnd = 1 << 20;

class Warp {
public:
  Warp(const Kernel &kernel, Block &block)
      : kernel(kernel), block(block), registers(kernel.registerBytes + 256) {}

  template <typename T> T *lanes(uint32_t at) {
    return reinterpret_cast<T *>(registers.data() + at);
  }
  template <typename T> T *lanes(const Operand &operand) {
    return lanes<T>(operand.at);
  }
  uint32_t &predicate(const Operand &operand) {
    return *lanes<uint32_t>(operand.at);
  }
  void fail(const Instruction &at, const std::string &what) {
    if (block.failure.empty())
      block.failure = kernel.name + ", line " + std::to_string(at.line) +
                      " of its text: " + what;
  }
  // The memory of an access of a lane, or null and a failure.
  uint8_t *reach(const Instruction &at, uint64_t address, uint32_t bytes,
                 bool write, bool isShared);

  const Kernel &kernel;
  Block &block;
  // Lanes that are where the warp is, and groups of lanes that are elsewhere.
  uint32_t pc = 0, mask = 0;
  struct Group {
    uint32_t pc, mask;
  };
  std::vector<Group> others;
  bool atBarrier = false;

private:
  std::vector<uint8_t> registers;
};

// Runs one block of threads to its end; false: block.failure says why.
bool runBlock(const Kernel &kernel, Block &block, uint32_t index,
              uint32_t blocks, const uint32_t threads[3]);

} // namespace visir::null

#endif // VISIR_TEST_TARGETS_CUDA_NULL_WARP_H
