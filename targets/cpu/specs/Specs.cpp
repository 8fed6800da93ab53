// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the code generator knows of each instruction-set level.
#include "targets/cpu/codegen/Kernel.h"

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
  spec.triple = kX86Triple;
  return spec;
}

static CpuSpec makeAArch64() {
  CpuSpec spec;
  spec.name = "aarch64";
  spec.triple = "aarch64-unknown-linux-gnu";
  spec.cpu = "generic";
  spec.features = "+reserve-x18";
  spec.vectorBytes = 16;
  spec.vectorRegisters = 32;
  spec.maskedMemory = false;
  spec.l1Bytes = 64 << 10;
  return spec;
}

/// This machine's core; its features are spelled out, since an emulator or a
/// hypervisor may hide some that the core's name implies.
static CpuSpec makeHost() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  bool arm = llvm::StringRef(llvm::sys::getDefaultTargetTriple())
                 .starts_with("aarch64");
  CpuSpec spec = arm                            ? makeAArch64()
                 : features.lookup("avx512vl") && features.lookup("avx512bw") &&
                         features.lookup("avx512dq")
                     ? makeV4()
                 : features.lookup("avx2") && features.lookup("fma") ? makeV3()
                                                                     : makeV2();
  spec.name = "host";
  spec.cpu = llvm::sys::getHostCPUName().str();
  for (auto &feature : features) {
    if (!spec.features.empty())
      spec.features += ',';
    spec.features += (feature.second ? "+" : "-") + feature.first().str();
  }
  return spec;
}

const CpuSpec *visir::cpu::findSpec(llvm::StringRef name) {
  static const CpuSpec specs[] = {makeV2(), makeV3(), makeV4(), makeAArch64(),
                                  makeHost()};
  for (const CpuSpec &spec : specs)
    if (spec.name == name)
      return &spec;
  return nullptr;
}
