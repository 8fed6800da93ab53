// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#if defined(__aarch64__)

#include "targets/cpu/driver/cpu_features.h"

#include <asm/hwcap.h>
#include <string.h>
#include <sys/auxv.h>

namespace visir::runtime {
namespace {

struct Feature {
  const char *name;
  unsigned long kind, mask;
};

constexpr Feature kFeatures[] = {
    {"dotprod", AT_HWCAP, HWCAP_ASIMDDP},
    {"fullfp16", AT_HWCAP, HWCAP_ASIMDHP},
    {"i8mm", AT_HWCAP2, HWCAP2_I8MM},
    {"bf16", AT_HWCAP2, HWCAP2_BF16},
};

} // namespace

uint32_t cpuTargetLevel(const char *target) {
  // A core says what code is tuned for; what it needs are features.
  constexpr char name[] = "aarch64";
  size_t length = strcspn(target, ":+");
  return length == strlen(name) && memcmp(target, name, length) == 0 ? 1 : 0;
}

uint32_t cpuHostLevel() { return 1; }

bool cpuHasFeature(const char *name, size_t length) {
  for (const Feature &feature : kFeatures)
    if (strlen(feature.name) == length &&
        memcmp(feature.name, name, length) == 0)
      return (getauxval(feature.kind) & feature.mask) != 0;
  return false;
}

} // namespace visir::runtime

#endif
