// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Levels are those of the x86-64 psABI, features bits of CPUID (Intel SDM,
// volume 2A).
#if defined(__x86_64__)

#include "targets/cpu/driver/cpu_features.h"

#include <cpuid.h>
#include <string.h>

namespace visir::runtime {
namespace {

enum Register : uint8_t { eax, ebx, ecx, edx };

struct Bit {
  uint32_t leaf, subleaf;
  Register reg;
  uint8_t bit;
};

bool has(const Bit &bit) {
  unsigned values[4];
  return __get_cpuid_count(bit.leaf, bit.subleaf, &values[0], &values[1],
                           &values[2], &values[3]) &&
         (values[bit.reg] >> bit.bit & 1);
}

constexpr uint32_t kExtended = 0x80000001;

constexpr Bit kLevel2[] = {{1, 0, ecx, 0},          // SSE3
                           {1, 0, ecx, 9},          // SSSE3
                           {1, 0, ecx, 13},         // CMPXCHG16B
                           {1, 0, ecx, 19},         // SSE4.1
                           {1, 0, ecx, 20},         // SSE4.2
                           {1, 0, ecx, 23},         // POPCNT
                           {kExtended, 0, ecx, 0}}; // LAHF
constexpr Bit kLevel3[] = {{1, 0, ecx, 12},         // FMA
                           {1, 0, ecx, 22},         // MOVBE
                           {1, 0, ecx, 28},         // AVX
                           {1, 0, ecx, 29},         // F16C
                           {7, 0, ebx, 3},          // BMI1
                           {7, 0, ebx, 5},          // AVX2
                           {7, 0, ebx, 8},          // BMI2
                           {kExtended, 0, ecx, 5}}; // LZCNT
constexpr Bit kLevel4[] = {{7, 0, ebx, 16},         // AVX512F
                           {7, 0, ebx, 17},         // AVX512DQ
                           {7, 0, ebx, 28},         // AVX512CD
                           {7, 0, ebx, 30},         // AVX512BW
                           {7, 0, ebx, 31}};        // AVX512VL
constexpr Bit kSavesRegisters = {1, 0, ecx, 27};    // OSXSAVE

struct Feature {
  const char *name;
  Bit bit;
  uint8_t level; // whose registers it needs
};

constexpr Feature kFeatures[] = {
    {"avxvnni", {7, 1, eax, 4}, 3},
    {"avx512vnni", {7, 0, ecx, 11}, 4},
    {"avx512bf16", {7, 1, eax, 5}, 4},
    {"avx512fp16", {7, 0, edx, 23}, 4},
    {"avx512vbmi", {7, 0, ecx, 1}, 4},
    {"avx512vbmi2", {7, 0, ecx, 6}, 4},
    {"avx512bitalg", {7, 0, ecx, 12}, 4},
    {"avx512vpopcntdq", {7, 0, ecx, 14}, 4},
};

template <size_t N> bool hasAll(const Bit (&bits)[N]) {
  for (const Bit &bit : bits)
    if (!has(bit))
      return false;
  return true;
}

// The register sets that the operating system keeps for us (XCR0).
uint32_t savedRegisters() {
  if (!has(kSavesRegisters))
    return 0;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

} // namespace

uint32_t cpuTargetLevel(const char *target) {
  static constexpr const char *names[] = {"x86-64", "x86-64-v2", "x86-64-v3",
                                          "x86-64-v4"};
  // What follows a plus are features.
  size_t length = strcspn(target, "+");
  for (uint32_t i = 0; i < 4; ++i)
    if (length == strlen(names[i]) && memcmp(target, names[i], length) == 0)
      return i + 1;
  return 0;
}

uint32_t cpuHostLevel() {
  constexpr uint32_t ymm = 0x06, zmm = 0xe6;
  if (!hasAll(kLevel2))
    return 1;
  if (!hasAll(kLevel3) || (savedRegisters() & ymm) != ymm)
    return 2;
  if (!hasAll(kLevel4) || (savedRegisters() & zmm) != zmm)
    return 3;
  return 4;
}

bool cpuHasFeature(const char *name, size_t length) {
  for (const Feature &feature : kFeatures)
    if (strlen(feature.name) == length &&
        memcmp(feature.name, name, length) == 0)
      return cpuHostLevel() >= feature.level && has(feature.bit);
  return false;
}

} // namespace visir::runtime

#endif
