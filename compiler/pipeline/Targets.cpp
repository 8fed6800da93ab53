// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/Targets.h"

#include "compiler/pipeline/CpuTarget.h"
#ifdef VISIR_HAS_CUDA
#include "compiler/pipeline/CudaTarget.h"
#endif
#ifdef VISIR_HAS_VULKAN
#include "compiler/pipeline/VulkanTarget.h"
#endif

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace visir;

std::unique_ptr<TargetCompiler>
visir::makeTarget(MLIRContext &context, StringRef name,
                  const cpu::LayoutOptions &options) {
  if (const cpu::CpuSpec *spec = cpu::findSpec(name))
    return makeCpuTarget(context, *spec, options, /*plain=*/false);
  if (name == "plain")
    return makeCpuTarget(context, *cpu::findSpec("host"), options,
                         /*plain=*/true);
#ifdef VISIR_HAS_CUDA
  if (auto target = makeCudaTarget(context, name))
    return target;
#endif
#ifdef VISIR_HAS_VULKAN
  if (auto target = makeVulkanTarget(context, name))
    return target;
#endif
  return nullptr;
}

std::vector<TargetDescription> visir::describeTargets() {
  std::vector<TargetDescription> targets;
  for (StringRef name :
       {"x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4+avx512vpopcntdq",
        "aarch64", "host"}) {
    const cpu::CpuSpec *spec = cpu::findSpec(name);
    std::string text = std::to_string(spec->vectorBytes * 8) +
                       "-bit vectors, LLVM cpu " + spec->cpu;
    if (!spec->isX86())
      text += "; may be followed by +" +
              llvm::join(cpu::aarch64Extensions(), ", +");
    targets.push_back({name.str(), text});
  }
  for (auto [core, text] : cpu::aarch64Cores())
    targets.push_back(
        {("aarch64:" + core).str(), "made for this core: " + text.str()});
  targets.push_back({"plain", "the plain kernels of GPUs, for this host"});
#ifdef VISIR_HAS_CUDA
  for (const std::string &name : cudaTargetNames())
    targets.push_back({name, "machine code by ptxas, and PTX for newer GPUs"});
#endif
#ifdef VISIR_HAS_VULKAN
  targets.push_back(
      {kVulkanTargetName.str(), "kernels as SPIR-V for Vulkan 1.1"});
#endif
  return targets;
}

std::string visir::targetNames() {
  std::string names;
  for (const TargetDescription &target : describeTargets())
    names += (names.empty() ? "" : ", ") + target.name;
  return names;
}
