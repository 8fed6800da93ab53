// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "compiler/pipeline/VulkanTarget.h"

#include "compiler/transforms/precision/NarrowTensors.h"
#include "targets/common/SplitForms.h"
#include "targets/common/WeightOrder.h"
#include "targets/vulkan/abi/kernel_abi.h"
#include "targets/vulkan/codegen/VulkanKernel.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace visir;

namespace {

class VulkanTarget : public TargetCompiler {
public:
  explicit VulkanTarget(MLIRContext &context) {
    vulkan::loadDialects(context);
  }

  std::string name() const override { return kVulkanTargetName.str(); }
  int64_t bufferAlignment() const override {
    return VISIR_VULKAN_BINDING_ALIGNMENT;
  }
  /// All tensors but weights of windows are row-major; norms and sums are
  /// kernels of their own.
  LogicalResult layOut(func::FuncOp func, Precision precision) override {
    splitForms(func);
    FloatType narrow = narrowType(*func.getContext(), precision);
    if (narrow && failed(narrowTensors(func, narrow)))
      return failure();
    orderWindowWeights(func);
    return success();
  }
  std::string refusePrecision(Precision precision) const override {
    return precision == Precision::Tf32 ? "it has no type TF32" : "";
  }
  FailureOr<KernelInfo> emitKernel(DispatchOp op, StringRef symbol) override;
  LogicalResult finish(MutableArrayRef<KernelInfo> infos, ProgramCode &code,
                       CompileDump *dump) override;

private:
  LogicalResult dumpAssembly(StringRef symbol, ArrayRef<uint32_t> words,
                             CompileDump &dump, ModuleOp holder);

  llvm::StringMap<vulkan::EmittedKernel> kernels;
};

} // namespace

FailureOr<KernelInfo> VulkanTarget::emitKernel(DispatchOp op,
                                               StringRef symbol) {
  FailureOr<vulkan::EmittedKernel> kernel = vulkan::emitKernel(op);
  if (failed(kernel))
    return failure();
  KernelInfo info;
  info.symbol = symbol.str();
  info.tileCount = kernel->workgroups;
  kernels[symbol] = std::move(*kernel);
  return info;
}

LogicalResult VulkanTarget::dumpAssembly(StringRef symbol,
                                         ArrayRef<uint32_t> words,
                                         CompileDump &dump, ModuleOp holder) {
  std::string disassembler = vulkan::findDisassembler();
  if (disassembler.empty())
    return holder.emitError("spirv-dis is missing, expected in PATH to print "
                            "assembly");
  auto text = vulkan::disassemble(disassembler, words);
  if (!text)
    return holder.emitError(llvm::toString(text.takeError()));
  dump.assembly += ("; " + symbol + "\n" + *text).str();
  return success();
}

LogicalResult VulkanTarget::finish(MutableArrayRef<KernelInfo> infos,
                                   ProgramCode &code, CompileDump *dump) {
  code.device = DeviceKind::Vulkan;
  code.abiVersion = VISIR_VULKAN_ABI_VERSION;
  std::set<std::string> features;
  for (const KernelInfo &info : infos) {
    StringRef symbol = info.symbol;
    vulkan::EmittedKernel &kernel = kernels[symbol];
    ModuleOp holder = *kernel.holder;
    std::string text;
    FailureOr<vulkan::SpirvModule> module =
        vulkan::compileToSpirv(holder, dump ? &text : nullptr);
    if (failed(module))
      return holder.emitError("kernel ")
             << symbol << " cannot be made SPIR-V";
    features.merge(module->features);
    auto *bytes = reinterpret_cast<const char *>(module->words.data());
    uint64_t size = module->words.size() * sizeof(uint32_t);
    code.functions.push_back({code.code.size(), size});
    code.frameBytes.push_back(0);
    code.launches.push_back({uint32_t(kernel.threads), 1, 1,
                             /*sharedBytes=*/0, kernel.canFail,
                             module->loopSteps});
    code.code.insert(code.code.end(), bytes, bytes + size);
    if (dump)
      dump->llvmIR += ("// " + symbol + "\n" + text).str();
    if (dump && dump->wantsAssembly &&
        failed(dumpAssembly(symbol, module->words, *dump, holder)))
      return failure();
  }
  code.features = llvm::join(features, ",");
  if (dump)
    dump->object = code.code;
  return success();
}

std::unique_ptr<TargetCompiler>
visir::makeVulkanTarget(MLIRContext &context) {
  return std::make_unique<VulkanTarget>(context);
}
