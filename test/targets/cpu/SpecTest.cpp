// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The names of CPU targets.
#include "targets/cpu/codegen/Kernel.h"

#include "gtest/gtest.h"

using namespace visir;

TEST(Spec, CoresHaveTheirExtensions) {
  const cpu::CpuSpec *any = cpu::findSpec("aarch64");
  ASSERT_NE(any, nullptr);
  EXPECT_EQ(any->extensions, "");
  EXPECT_EQ(any->features, "+reserve-x18");
  EXPECT_EQ(any->vectorBytes, 16u);
  EXPECT_EQ(any->vectorRegisters, 32u);
  const cpu::CpuSpec *a76 = cpu::findSpec("aarch64:cortex-a76");
  ASSERT_NE(a76, nullptr);
  EXPECT_EQ(a76->name, "aarch64:cortex-a76");
  EXPECT_EQ(a76->tune, "cortex-a76");
  EXPECT_EQ(a76->extensions, "dotprod,fullfp16");
  EXPECT_EQ(cpu::findSpec("aarch64:neoverse-v2")->extensions,
            "dotprod,fullfp16,i8mm,bf16");
}

TEST(Spec, EveryListedCoreIsKnown) {
  EXPECT_EQ(cpu::aarch64Cores().size(), 6u);
  for (auto [core, text] : cpu::aarch64Cores()) {
    const cpu::CpuSpec *spec = cpu::findSpec(("aarch64:" + core).str());
    ASSERT_NE(spec, nullptr) << core.str();
    EXPECT_EQ(spec->tune, core);
    EXPECT_GT(spec->l2Bytes, spec->l1Bytes);
  }
}

TEST(Spec, ExtensionsFollow) {
  const cpu::CpuSpec *spec = cpu::findSpec("aarch64:cortex-a53+fp16+dotprod");
  ASSERT_NE(spec, nullptr);
  EXPECT_EQ(spec->extensions, "dotprod,fullfp16");
  EXPECT_EQ(spec->features, "+reserve-x18,+dotprod,+fullfp16");
  EXPECT_EQ(cpu::findSpec("aarch64:cortex-a53+fp16+dotprod"), spec);
  spec = cpu::findSpec("x86-64-v4+avx512vpopcntdq");
  ASSERT_NE(spec, nullptr);
  EXPECT_EQ(spec->cpu, "x86-64-v4");
  EXPECT_EQ(spec->extensions, "avx512vpopcntdq");
}

TEST(Spec, OtherNamesAreNone) {
  for (const char *name : {"", "z80", "aarch64:", "aarch64:z80", "aarch64+",
                           "aarch64+sve", "aarch64cortex-a53", "cortex-a53",
                           "aarch64:cortex-a53:cortex-a76", "x86-64-v4+fp16"})
    EXPECT_EQ(cpu::findSpec(name), nullptr) << name;
}
