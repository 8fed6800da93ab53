// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the code generator knows of each instruction-set level.
#include "targets/cpu/specs/AArch64.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace visir::cpu;

static constexpr const char *kX86Triple = "x86_64-unknown-linux-gnu";

static CpuSpec makeV2() {
  CpuSpec spec;
  spec.name = spec.cpu = "x86-64-v2";
  spec.triple = kX86Triple;
  spec.vectorBytes = 16;
  spec.vectorRegisters = 16;
  spec.maskedMemory = false;
  spec.fma = false;
  return spec;
}

static CpuSpec makeV3() {
  CpuSpec spec;
  spec.name = spec.cpu = "x86-64-v3";
  spec.triple = kX86Triple;
  spec.vectorBytes = 32;
  spec.vectorRegisters = 16;
  spec.maskedMemory = false;
  return spec;
}

static CpuSpec makeV4() {
  CpuSpec spec;
  spec.name = spec.cpu = "x86-64-v4";
  // The level's own timing is that of an older core and spills whole tiles.
  spec.tune = "znver5";
  spec.triple = kX86Triple;
  return spec;
}

/// The level with vectors of population counts (Ice Lake, Zen 4 and later).
static CpuSpec makeV4WithCounts() {
  CpuSpec spec = makeV4();
  spec.name = "x86-64-v4+avx512vpopcntdq";
  spec.features = "+avx512vpopcntdq";
  spec.extensions = "avx512vpopcntdq";
  return spec;
}

/// The highest level that this machine has, with the extension that has a
/// target. Its code is that of the target, so that an artifact says truly
/// where it runs.
static llvm::StringRef hostLevel() {
  if (llvm::StringRef(llvm::sys::getDefaultTargetTriple())
          .starts_with("aarch64"))
    return "aarch64";
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto has = [&](std::initializer_list<llvm::StringRef> names) {
    return llvm::all_of(names, [&](llvm::StringRef name) {
      return features.lookup(name);
    });
  };
  if (has({"avx512f", "avx512vl", "avx512bw", "avx512dq", "avx512cd"}))
    return has({"avx512vpopcntdq"}) ? "x86-64-v4+avx512vpopcntdq"
                                    : "x86-64-v4";
  if (has({"avx2", "fma", "f16c", "bmi", "bmi2", "lzcnt", "movbe"}))
    return "x86-64-v3";
  return "x86-64-v2";
}

const CpuSpec *visir::cpu::findSpec(llvm::StringRef name) {
  static const CpuSpec specs[] = {makeV2(), makeV3(), makeV4(),
                                  makeV4WithCounts()};
  if (name == "host")
    name = hostLevel();
  for (const CpuSpec &spec : specs)
    if (spec.name == name)
      return &spec;
  return findAArch64Spec(name);
}
