// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PTX text made ready to be carried out on the host: warps of 32 lanes in lock
// step, where a register is an array of 32 values.
#ifndef VISIR_TEST_TARGETS_CUDA_NULL_PTX_H
#define VISIR_TEST_TARGETS_CUDA_NULL_PTX_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace visir::null {

constexpr uint32_t kLanes = 32;

struct Instruction;
class Warp;
using Execute = void (*)(Warp &warp, const Instruction &at, uint32_t mask);

// An operand: a place in the warp's registers, or a list of such.
struct Operand {
  uint32_t at = 0;            // of the first register
  uint32_t width = 0;         // bytes of a lane's value; 0: a predicate
  int64_t offset = 0;         // of an address
  std::vector<uint32_t> list; // of {..}
};

enum class Flow : uint8_t { next, branch, exit, barrier };

struct Instruction {
  Execute execute = nullptr;
  Flow flow = Flow::next;
  bool hasGuard = false, guardNegated = false;
  uint32_t guard = 0;
  uint32_t target = 0; // of a branch
  Operand operands[6];
  uint32_t operandCount = 0;
  // Of loads and stores: bytes of an element, elements.
  uint32_t elementBytes = 0, elements = 1;
  bool isSigned = false;
  uint32_t line = 0;
};

struct Parameter {
  uint32_t offset = 0, bytes = 0;
};

// An operand that is the same in all lanes, and stays so.
struct Preset {
  uint32_t at, width;
  uint64_t value;
};

enum Special : uint32_t {
  kTidX,
  kTidY,
  kTidZ,
  kCtaidX,
  kNtidX,
  kNtidY,
  kNtidZ,
  kNctaidX,
  kLaneId,
  kSpecials
};

struct Kernel {
  std::string name;
  std::vector<Parameter> parameters;
  uint32_t parameterBytes = 0;
  uint32_t maxThreads = 1024;
  uint32_t sharedBytes = 0; // static; dynamic memory comes behind it
  bool hasDynamicShared = false;
  uint32_t registerBytes = 0;
  uint32_t special[kSpecials] = {};
  std::vector<Preset> presets;
  std::vector<Instruction> code;
};

struct Program {
  int architecture = 0; // of .target
  std::map<std::string, Kernel> kernels;
};

// Null and a reason where the text has what the interpreter does not know.
std::unique_ptr<Program> parse(const char *text, std::string *reason);

// The function that carries out an opcode such as "add.s32", or null.
Execute findExecute(const std::string &opcode);

} // namespace visir::null

#endif // VISIR_TEST_TARGETS_CUDA_NULL_PTX_H
