// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cores of 64-bit ARM: a core gives the timing that code is made for and the
// extensions that it has; the base instruction set is that of all of them.
// Figures are those of Arm's software optimisation guides, and of
// measurements that others have published for Apple's core.
#include "targets/cpu/specs/AArch64.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <map>
#include <memory>
#include <mutex>

using namespace visir::cpu;
using llvm::StringRef;

namespace {

struct Core {
  StringRef name;
  unsigned extensions; ///< bits by index in kExtensions
  double fmas, loads;
  unsigned latency;
  int64_t l1Kilobytes, l2Kilobytes;
};

} // namespace

// As written in a target's name, and as LLVM and the runtime name them.
static constexpr StringRef kExtensions[] = {"dotprod", "fp16", "i8mm", "bf16"};
static constexpr StringRef kFeatures[] = {"dotprod", "fullfp16", "i8mm",
                                          "bf16"};

static constexpr unsigned kHalfArithmetic = 0b0010;
static constexpr unsigned kArmV82 = 0b0011, kArmV86 = 0b1111;

// The first is what stands for any core.
static constexpr Core kCores[] = {
    {"", 0, 2, 2, 4, 64, 512},
    {"cortex-a53", 0, 1, 0.5, 8, 32, 512},
    {"cortex-a76", kArmV82, 2, 2, 4, 64, 256},
    {"cortex-x1", kArmV82, 4, 3, 4, 64, 1024},
    {"neoverse-n1", kArmV82, 2, 2, 4, 64, 1024},
    {"neoverse-v2", kArmV86, 4, 3, 4, 64, 2048},
    {"apple-m1", kArmV82, 4, 3, 4, 128, 4096},
};

static constexpr std::pair<StringRef, StringRef> kCoreTexts[] = {
    {"cortex-a53", "Raspberry Pi 3, small cores of phones"},
    {"cortex-a76", "Raspberry Pi 5, RK3588"},
    {"cortex-x1", "big cores of phones"},
    {"neoverse-n1", "Graviton 2, Ampere Altra"},
    {"neoverse-v2", "Graviton 4, Grace"},
    {"apple-m1", "Apple M1 and later, under Linux"},
};

llvm::ArrayRef<std::pair<StringRef, StringRef>> visir::cpu::aarch64Cores() {
  return kCoreTexts;
}

llvm::ArrayRef<StringRef> visir::cpu::aarch64Extensions() {
  return kExtensions;
}

static std::unique_ptr<CpuSpec> makeSpec(StringRef name, const Core &core,
                                         unsigned extensions) {
  auto spec = std::make_unique<CpuSpec>();
  spec->name = name.str();
  spec->triple = "aarch64-unknown-linux-gnu";
  spec->cpu = "generic";
  spec->tune = core.name.str();
  // Other systems than Linux keep x18 for themselves.
  spec->features = "+reserve-x18";
  for (auto [i, feature] : llvm::enumerate(kFeatures)) {
    if (!(extensions >> i & 1))
      continue;
    spec->features += (",+" + feature).str();
    spec->extensions +=
        ((spec->extensions.empty() ? "" : ",") + feature).str();
  }
  spec->vectorBytes = 16;
  spec->vectorRegisters = 32;
  spec->maskedMemory = false;
  spec->laneFactors = true;
  spec->halfArithmetic = extensions & kHalfArithmetic;
  spec->l1Bytes = core.l1Kilobytes << 10;
  spec->l1Ways = 0;
  spec->l2Bytes = core.l2Kilobytes << 10;
  spec->fmasPerCycle = core.fmas;
  spec->loadsPerCycle = core.loads;
  spec->fmaLatency = core.latency;
  return spec;
}

/// Null where a part of the name is unknown.
static std::unique_ptr<CpuSpec> parseSpec(StringRef name) {
  llvm::SmallVector<StringRef> parts;
  name.split(parts, '+');
  StringRef base = parts.front();
  if (!base.consume_front("aarch64"))
    return nullptr;
  bool named = base.consume_front(":");
  const Core *core = llvm::find_if(
      kCores, [&](const Core &known) { return known.name == base; });
  if (core == std::end(kCores) || named == base.empty())
    return nullptr;
  unsigned extensions = core->extensions;
  for (StringRef part : llvm::drop_begin(parts)) {
    const StringRef *known = llvm::find(kExtensions, part);
    if (known == std::end(kExtensions))
      return nullptr;
    extensions |= 1u << (known - std::begin(kExtensions));
  }
  return makeSpec(name, *core, extensions);
}

const CpuSpec *visir::cpu::findAArch64Spec(StringRef name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<CpuSpec>> specs;
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<CpuSpec> &spec = specs[name.str()];
  if (!spec)
    spec = parseSpec(name);
  return spec.get();
}
